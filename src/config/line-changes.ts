/** What changes when LINES_FILE is read again. Pure. */
import type { Line } from '../dial-plan/dial-plan';
import type { SipPassword } from './line-settings';

export interface LineSet {
  lines: readonly Line[];
  /** Of each endpoint. */
  sipPasswords: ReadonlyMap<string, SipPassword>;
}

export interface LineChanges {
  /** The lines from now on. */
  next: LineSet;
  /** Lines that the platform does not have like this. */
  changed: readonly Line[];
  /** Of the endpoints of `changed`. One that stays the same counts as generated: it is not given to the endpoint again. */
  passwords: ReadonlyMap<string, SipPassword>;
  newEndpoints: readonly string[];
  goneEndpoints: readonly string[];
  goneNumbers: readonly string[];
}

/** An endpoint without a password of its own keeps the one that it has. */
export function lineChanges(before: LineSet, read: LineSet): LineChanges {
  const passwords = new Map<string, SipPassword>();
  const sipPasswords = new Map<string, SipPassword>();
  const isNewPassword = (endpoint: string): boolean => passwords.get(endpoint)?.generated === false;
  for (const [endpoint, password] of read.sipPasswords) {
    const known = before.sipPasswords.get(endpoint);
    const kept = known !== undefined && (password.generated || password.value === known.value);
    sipPasswords.set(endpoint, kept ? known : password);
    passwords.set(endpoint, kept ? { ...known, generated: true } : password);
  }
  const endpointOf = new Map(before.lines.map(({ number, endpoint }) => [number, endpoint]));
  const numbers = new Set(read.lines.map(({ number }) => number));
  return {
    next: { lines: read.lines, sipPasswords },
    changed: read.lines.filter(
      ({ number, endpoint }) => endpointOf.get(number) !== endpoint || isNewPassword(endpoint),
    ),
    passwords,
    newEndpoints: [...read.sipPasswords.keys()].filter((endpoint) => !before.sipPasswords.has(endpoint)),
    goneEndpoints: [...before.sipPasswords.keys()].filter((endpoint) => !read.sipPasswords.has(endpoint)),
    goneNumbers: before.lines.map(({ number }) => number).filter((number) => !numbers.has(number)),
  };
}
