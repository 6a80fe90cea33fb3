/** Computes the changes of a reloaded LINES_FILE. Pure. */
import type { Line } from '../dial-plan/dial-plan';
import type { SipPassword } from './line-settings';

export interface LineSet {
  lines: readonly Line[];
  /** By endpoint. */
  sipPasswords: ReadonlyMap<string, SipPassword>;
}

export interface LineChanges {
  /** The lines after the reload. */
  next: LineSet;
  /** New and changed lines, which have to be provisioned. */
  changed: readonly Line[];
  /** Passwords of endpoints of `changed`. An unchanged one counts as generated, so that provisioning keeps it. */
  passwords: ReadonlyMap<string, SipPassword>;
  newEndpoints: readonly string[];
  goneEndpoints: readonly string[];
  goneNumbers: readonly string[];
}

/** An endpoint without a password in the new lines keeps its current password. */
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
