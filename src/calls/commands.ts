/** What a flow wants done to a call, whichever provider does it. */
import type { RejectCause } from './causes';

export interface Speech {
  sentence: string;
  voice?: string | undefined;
  gender?: string | undefined;
  locale?: string | undefined;
}

/** Dials `to`, showing `from`. */
export interface DialCommand {
  type: 'dial';
  from: string;
  to: string;
  /** How long the callee may ring, seconds. */
  callTimeout: number;
  /** Comes back in the events of the call: the id of the session. */
  correlation: string;
  /** The callee is not to see `from` (RFC 3323). */
  privacy?: 'id';
}

/** Looks for calls that a `dial` may have made whose reply was lost. */
export interface FindCommand {
  type: 'find';
  from: string;
  to: string;
  correlation: string;
  /** The call cannot have begun before, epoch ms. */
  since: number;
}

export type CallCommand =
  | DialCommand
  | FindCommand
  /** Asks what has become of a call. */
  | { type: 'look'; callId: string }
  | { type: 'answer'; callId: string }
  | { type: 'bridge'; callIds: [string, string] }
  | { type: 'say'; callId: string; speech: Speech; correlation: string }
  /** Ends a call that came in and was not answered. */
  | { type: 'reject'; callId: string; cause?: RejectCause | undefined }
  | { type: 'hang-up'; callId: string };
export type CommandType = CallCommand['type'];
