/** The history of simulated far ends, for `GET /sandbox/calls`. */
import type { HangupCause } from '../../v1-wire/events';
import { newId } from '../../support/ids';
import { createRetention, type RetentionLimits } from '../retention';

export type FarEndState = 'dialling' | 'ringing' | 'up' | 'ended';

export type FarEndHappening =
  | 'dialled'
  | 'ringing'
  | 'answered'
  | 'cancelled'
  | 'ended'
  | 'speech-started'
  | 'speech-done'
  | 'playback-started'
  | 'playback-done'
  | 'connected'
  | 'disconnected'
  | 'dtmf-received'
  | 'dtmf-sent';

export interface FarEndEntry {
  /** ISO 8601 with milliseconds. */
  time: string;
  what: FarEndHappening;
  cause?: HangupCause;
  /** For example the sentence or the digits. */
  detail?: string;
}

/** Actions of the party at the far end. */
export interface FarEndControls {
  hangUp(): void;
  pressKeys(digits: string): void;
}

/** One leg from the view of its far end. */
export interface FarEnd {
  readonly id: string;
  /** `own-number`: a number of the account. The leg returns as an incoming call. */
  readonly kind: 'pstn' | 'phone' | 'own-number';
  /** Name of the simulated phone. */
  readonly name?: string | undefined;
  /** Number or SIP URI of the far end. */
  readonly party: string;
  /** From the view of the platform: the far end dialled an `in` leg. */
  readonly direction: 'in' | 'out';
  readonly from: string;
  readonly to: string;
  /** Id of the platform's call. */
  callId?: string | undefined;
  state: FarEndState;
  cause?: HangupCause | undefined;
  readonly startTime: Date;
  readonly history: FarEndEntry[];
  controls?: FarEndControls | undefined;
}

export type FarEndOptions = Pick<FarEnd, 'kind' | 'name' | 'party' | 'direction' | 'from' | 'to' | 'callId'>;

const NEXT_STATE: Partial<Record<FarEndHappening, FarEndState>> = {
  dialled: 'dialling',
  ringing: 'ringing',
  answered: 'up',
  cancelled: 'ended',
  ended: 'ended',
};

/** Enough for the longest flow. Limits the history of looped announcements. */
const MAX_HISTORY = 200;

export interface FarEnds {
  open(options: FarEndOptions): FarEnd;
  note(farEnd: FarEnd, what: FarEndHappening, more?: { cause?: HangupCause; detail?: string }): void;
  /** Finds a far end by its id or by the id of the platform's call. */
  find(id: string): FarEnd | undefined;
  /** Lists far ends, newest first. */
  list(): FarEnd[];
}

export function createFarEnds(limits: RetentionLimits): FarEnds {
  const all = new Map<string, FarEnd>();
  const ended = createRetention<string>(limits, (id) => all.delete(id));
  return {
    open(options) {
      const farEnd: FarEnd = {
        ...options,
        id: newId('sandboxCall'),
        state: 'dialling',
        startTime: new Date(),
        history: [],
      };
      all.set(farEnd.id, farEnd);
      return farEnd;
    },
    note(farEnd, what, { cause, detail } = {}) {
      if (farEnd.state === 'ended') return;
      farEnd.state = NEXT_STATE[what] ?? farEnd.state;
      farEnd.cause = cause ?? farEnd.cause;
      if (farEnd.history.length < MAX_HISTORY || farEnd.state === 'ended')
        farEnd.history.push({
          time: new Date().toISOString(),
          what,
          ...(cause && { cause }),
          ...(detail !== undefined && { detail }),
        });
      if (farEnd.state === 'ended') {
        farEnd.controls = undefined;
        ended.add(farEnd.id);
      }
    },
    find(id) {
      return all.get(id) ?? [...all.values()].findLast((farEnd) => farEnd.callId === id);
    },
    list: () => [...all.values()].reverse(),
  };
}
