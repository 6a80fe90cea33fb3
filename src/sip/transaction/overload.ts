/** What is done with a request for which there is no room, or no time (RFC 3261 21.5.4). */
import type { Logger } from '../../support/logger';
import { newTag, responseTo, RETRY_LATER } from '../respond';
import type { SipRequest, SipResponse } from '../message';
import { beginsCall } from './matching';
import { createShedding, type Shedding } from './shedding';

export interface Limits {
  /** Server transactions that wait for their final response. */
  readonly maxServerTransactions: number;
  /** Server transactions altogether: most only absorb retransmissions, for 32 s. */
  readonly maxAbsorbing: number;
}

/** 100,000 take some 100 MB; at 600 calls/s over UDP there are 40,000. */
export const DEFAULT_LIMITS: Limits = { maxServerTransactions: 20_000, maxAbsorbing: 100_000 };

const LOG_EVERY_MS = 1_000;

/** These end something: they get through up to twice the limits. */
const ALWAYS = new Set(['BYE', 'CANCEL']);

export interface Overload {
  /** The answer to a request that is one too many; it makes no transaction. Undefined: there is room. */
  refusal(request: SipRequest, waiting: number, total: number): SipResponse | undefined;
  /** Notes a request that came again. */
  repeated(): void;
}

export function createOverload(limits: Limits, log: Logger, shedding: Shedding = createShedding()): Overload {
  // The same for every copy of a request (RFC 3261 8.2.7).
  const toTag = newTag();
  let loggedAt = -Infinity;
  let refused = 0;
  return {
    refusal(request, waiting, total) {
      const factor = ALWAYS.has(request.method) ? 2 : 1;
      const isFull = waiting >= limits.maxServerTransactions * factor || total >= limits.maxAbsorbing * factor;
      const isShed = beginsCall(request) && shedding.refuses();
      if (!isFull && !isShed) return undefined;
      refused++;
      const now = performance.now();
      if (now - loggedAt >= LOG_EVERY_MS) {
        const { share } = shedding;
        log.warn(
          { event: 'sip-overload', refused, waiting, total, share },
          'SIP overload: requests are answered with 503',
        );
        loggedAt = now;
        refused = 0;
      }
      return responseTo(request, 503, { toTag, headers: RETRY_LATER });
    },
    repeated: () => shedding.repeated(),
  };
}
