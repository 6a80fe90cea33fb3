/** What became of a command. */

/** A call as the provider shows it when asked. */
export interface CallSnapshot {
  callId: string;
  /** `ended` too where the provider knows no such call any more. */
  state: 'ringing' | 'answered' | 'ended';
  /** The bridge that the call is in. */
  bridgeId?: string | undefined;
}

export interface CommandResult {
  /** Of the call that was dialled. */
  callId?: string;
  bridgeId?: string | undefined;
  /** The calls that were looked for or looked at. */
  seen?: CallSnapshot[];
}

/** What is known of a failed command's effect. `unknown`: it may have happened, its reply was lost. */
export type Effect = 'none' | 'unknown';

/** Failure codes that a flow acts on. All others are the provider's own, for the log and the timeline. */
export const FAILURE_CODES = {
  /** The provider does not show the number that was to be shown. */
  callerIdRefused: 'caller-id-refused',
  /** One of the calls is in a bridge already. */
  alreadyBridged: 'already-bridged',
} as const;

export interface CommandFailure {
  effect: Effect;
  /** At most 64 characters. */
  code: string;
  /** HTTP status of the provider's reply. */
  status?: number | undefined;
  /** It never left this instance, so another one may do it. */
  unsent?: true;
  /** For the log. */
  message?: string;
}

export type Outcome = { type: 'done'; result: CommandResult } | { type: 'failed'; failure: CommandFailure };

/** A call that rings or is up, as a provider lists it. */
export interface LiveCall {
  id: string;
  state: 'ringing' | 'answered';
  direction: 'in' | 'out';
  from: string;
  to: string;
  correlation?: string | undefined;
  bridgeId?: string | undefined;
  /** Where its events go; undefined: the provider does not say. */
  callbackUrl?: string | undefined;
  /** A call whose correlation is this one's id is in the list; it may be over. */
  dialledFor?: true | undefined;
}
