/** `incomingCallUrl` and `callbackUrl` of the v1 API: Basic credentials, events as JSON bodies or as queries. */
import { messageOf } from '../../support/errors';
import { secretCheck } from '../../support/secret';
import { parseEvent } from '../../v1-wire/events';
import type { ParsedWebhook, RawWebhook, WebhookAdapter } from '../provider';
import { toCallEvent } from './events';

export interface V1WebhookOptions {
  /** What events must carry; undefined: everyone may send them. */
  credentials: { username: string; password: string } | undefined;
  /** How the platform sends events. GET needs credentials: a link on any web page is a GET. */
  method: 'GET' | 'POST';
}

export const WEBHOOK_PATH = '/webhooks/voice';

export function createV1Webhook({ credentials, method }: V1WebhookOptions): WebhookAdapter {
  const isExpected = credentials && secretCheck(basicOf(credentials));
  return {
    path: WEBHOOK_PATH,
    methods: method === 'GET' && credentials ? ['POST', 'GET'] : ['POST'],
    open: credentials === undefined,
    signsBody: false,
    challenge: 'Basic realm="tandem webhooks", charset="UTF-8"',
    verify({ headers }) {
      if (!isExpected) return true;
      const given = headers.authorization ?? '';
      // Schemes are case-insensitive (RFC 9110 11.1).
      return given === '' ? undefined : isExpected(given.replace(/^basic +/i, 'Basic '));
    },
    parse(raw) {
      try {
        return read(raw.method === 'GET' ? raw.query : jsonOf(raw));
      } catch (error) {
        return { type: 'malformed', fault: `The body is not JSON: ${messageOf(error)}` };
      }
    },
  };
}

function read(fields: unknown): ParsedWebhook {
  const parsed = parseEvent(fields);
  if (parsed.known === undefined) return { type: 'malformed', fault: parsed.fault };
  return parsed.known
    ? { type: 'events', events: [toCallEvent(parsed.event)] }
    : { type: 'unknown', name: parsed.eventType };
}

/** RFC 7617 */
function basicOf({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

const UTF_8 = new TextDecoder();

/** UTF-8 by default (RFC 8259 8.1). A byte order mark is dropped. */
function jsonOf({ headers, body }: RawWebhook): unknown {
  if (body.length === 0) return {};
  const charset = /;\s*charset="?([^\s;"]+)/i.exec(headers['content-type'] ?? '')?.[1];
  const decoder = charset === undefined || /^utf-?8$/i.test(charset) ? UTF_8 : new TextDecoder(charset);
  return JSON.parse(decoder.decode(body));
}
