/** Which lines there are, and the password of each endpoint: LINES, LINES_FILE, SIP_PASSWORD. */
import { messageOf } from '../support/errors';
import { parseLines, parseLinesFile, type ParsedLines } from './lines';
import { randomText } from '../support/ids';

const DEFAULT_LINES = '+1555444333=sip:jsmith_mobile@xyz-corp-testing.bwapp.bwsip.io';

/** Reads a text file; throws an error that says why it cannot. */
export type ReadText = (file: string) => string;

export const noFiles: ReadText = () => {
  throw new Error('no files are read here');
};

export interface SipPassword {
  value: string;
  /** Made up by this process: no setting has it. */
  generated: boolean;
}

/** The lines of LINES or LINES_FILE. */
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
 * The password of each endpoint: its own, else SIP_PASSWORD, else a generated one.
 * @param known passwords that stay: those of endpoints that keep a generated one when the lines are read again
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
