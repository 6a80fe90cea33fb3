/** Serialises SIP messages (RFC 3261 7). */
import type { SipMessage } from './message';

const LINE_ENDS = /[\r\n]+/g;

/**
 * Serialises a message. `Content-Length` is always added as the last header. Line ends in values become spaces, so that
 * values from outside cannot inject headers.
 */
export function printMessage(message: SipMessage): Buffer {
  let text =
    message.kind === 'request'
      ? `${oneLine(message.method)} ${oneLine(message.uri)} SIP/2.0\r\n`
      : `SIP/2.0 ${message.status} ${oneLine(message.reason)}\r\n`;
  for (const [name, value] of message.headers)
    if (name !== 'Content-Length') text += `${oneLine(name)}: ${oneLine(value)}\r\n`;
  const head = Buffer.from(`${text}Content-Length: ${message.body.length}\r\n\r\n`);
  return message.body.length === 0 ? head : Buffer.concat([head, message.body]);
}

function oneLine(text: string): string {
  return text.includes('\n') || text.includes('\r') ? text.replace(LINE_ENDS, ' ') : text;
}
