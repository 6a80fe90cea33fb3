/** Faults of a webhook server that the platform detects at once. */
export type ViolationCode =
  | 'early-answer'
  | 'double-dial'
  | 'double-bridge'
  | 'bridged-not-active'
  | 'foreign-bridge'
  | 'spoken-twice'
  | 'unknown-dial'
  | 'foreign-number'
  | 'no-callback-url'
  | 'bad-request'
  | 'rate-limit-ignored'
  | 'event-refused'
  | 'event-unanswered'
  | 'unknown-event-refused'
  | 'speak-refused';
