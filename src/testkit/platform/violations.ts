/** What a webhook server can do wrong that the platform sees at once. */
export const VIOLATION_CODES = [
  'early-answer',
  'double-dial',
  'double-bridge',
  'bridged-not-active',
  'foreign-bridge',
  'spoken-twice',
  'unknown-dial',
  'foreign-number',
  'no-callback-url',
  'bad-request',
  'rate-limit-ignored',
  'event-refused',
  'event-unanswered',
  'unknown-event-refused',
  'speak-refused',
] as const;
export type ViolationCode = (typeof VIOLATION_CODES)[number];
