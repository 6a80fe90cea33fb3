/** Resolves the lines and the password of each endpoint from LINES, LINES_FILE and SIP_PASSWORD. */
import { messageOf } from '../support/errors';
import { parseLines, parseLinesFile, type ParsedLines } from './lines';
import { randomText } from '../support/ids';

const DEFAULT_LINES = '+1555444333=sip:jsmith_mobile@xyz-corp-testing.bwapp.bwsip.io';

/** Reads a text file. Throws an error with the reason if it cannot. */
export type ReadText = (file: string) => string;

export const noFiles: ReadText = () => {
  throw new Error('reading files is not supported here');
};

export interface SipPassword {
  value: string;
  /** Whether this process generated it, because no setting has it. */
  generated: boolean;
}

export function readLines(given: Readonly<Record<string, string | undefined>>, readText: ReadText): ParsedLines {
  const { LINES: text, LINES_FILE: file } = given;
  if (file === undefined) return parseLines(text ?? DEFAULT_LINES);
  const failed = (fault: string): ParsedLines => ({ lines: [], passwords: new Map(), faults: [fault] });
  if (text !== undefined) return failed('LINES and LINES_FILE are both set; remove one of them');
  let content: string;
  try {
    content = readText(file);
  } catch (error) {
    return failed(`LINES_FILE ${file} cannot be read (${messageOf(error)}); give a text file with one entry per line`);
  }
  return parseLinesFile(content);
}

/**
 * Chooses the password of each endpoint: its own, else SIP_PASSWORD, else a generated one.
 * @param known generated passwords that endpoints keep when the lines are reloaded
 */
export function passwordsOf(
  { lines, passwords }: ParsedLines,
  fallback: string | undefined,
  known: ReadonlyMap<string, SipPassword> = new Map(),
): Map<string, SipPassword> {
  const result = new Map<string, SipPassword>();
  for (const { endpoint } of lines) {
    const set = passwords.get(endpoint) ?? fallback;
    const before = known.get(endpoint);
    if (set !== undefined) result.set(endpoint, { value: set, generated: false });
    else if (before?.generated) result.set(endpoint, before);
    else if (!result.has(endpoint)) result.set(endpoint, { value: randomText(12), generated: true });
  }
  return result;
}
