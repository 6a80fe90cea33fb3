/** Codes from outside: cut before they are stored or logged, and from a closed set before they are a metric's label. */

const MAX_LENGTH = 64;

/** The code as it is stored and logged. */
export function cutCode(code: string): string {
  return code.length <= MAX_LENGTH ? code : `${code.slice(0, MAX_LENGTH - 1)}…`;
}

/** Failure codes of commands: those of Tandem, and those of the v1 API. */
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

/** The label of a failure: `other` stands for every code that is not known here. */
export function failureLabel(code: string): string {
  return FAILURE_CODES.has(code) ? code : 'other';
}
