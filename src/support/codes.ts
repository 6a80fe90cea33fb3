/**
 * Codes that come from outside. They are truncated before they are stored or logged, and mapped to a closed set before
 * they become metric labels.
 */

const MAX_LENGTH = 64;

/** Truncates a code to 64 characters, for storage and logs. */
export function cutCode(code: string): string {
  return code.length <= MAX_LENGTH ? code : `${code.slice(0, MAX_LENGTH - 1)}…`;
}

/** Failure codes of commands: Tandem's own and those of the v1 API. */
const FAILURE_CODES: ReadonlySet<string> = new Set([
  'already-bridged',
  'caller-id-refused',
  'unreachable',
  'reply-lost',
  'not-wanted',
  'unexpected',
  'bad-request',
  'bridge-callIds-overflow',
  'bridge-invalid-state',
  'bridge-update-conflict',
  'call-invalid-state',
  'call-rate-limit',
  'call-unavailable',
  'call-update-conflict',
  'internal-error',
  'invalid-credentials',
  'invalid-state',
  'not-found',
  'rate-limit-reached',
  'resource-not-found',
  'user-access-denied',
  'validation-error',
]);

/** The metric label of a failure code. Every unknown code becomes `other`. */
export function failureLabel(code: string): string {
  return FAILURE_CODES.has(code) ? code : 'other';
}
