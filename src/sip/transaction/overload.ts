/** Rejects requests that exceed the limits, or that the process is too busy to handle (RFC 3261 21.5.4). */
import type { Logger } from '../../support/logger';
import { newTag, responseTo, RETRY_LATER } from '../respond';
import type { SipRequest, SipResponse } from '../message';
import { beginsCall } from './matching';
import { createShedding, type Shedding } from './shedding';

export interface Limits {
  /** Maximum number of server transactions without a final response. */
  readonly maxServerTransactions: number;
  /** Maximum number of all server transactions. Most only absorb retransmissions, for 32 s. */
  readonly maxAbsorbing: number;
}

/** 100,000 transactions take about 100 MB. At 600 calls/s over UDP there are 40,000. */
export const DEFAULT_LIMITS: Limits = { maxServerTransactions: 20_000, maxAbsorbing: 100_000 };

const LOG_EVERY_MS = 1_000;

/** Methods that free resources. Their limits are twice as high. */
const PREFERRED = new Set(['BYE', 'CANCEL']);

export interface Overload {
  /** @returns the response that rejects the request without a transaction; undefined if the request is accepted */
  refusal(request: SipRequest, waiting: number, total: number): SipResponse | undefined;
  /** Counts a retransmitted request. */
  repeated(): void;
}

export function createOverload(limits: Limits, log: Logger, shedding: Shedding = createShedding()): Overload {
  // Every copy of a request must get the same tag (RFC 3261 8.2.7).
  const toTag = newTag();
  let loggedAt = -Infinity;
  let refused = 0;
  return {
    refusal(request, waiting, total) {
      const factor = PREFERRED.has(request.method) ? 2 : 1;
      const isFull = waiting >= limits.maxServerTransactions * factor || total >= limits.maxAbsorbing * factor;
      const isShed = beginsCall(request) && shedding.refuses();
      if (!isFull && !isShed) return undefined;
      refused++;
      const now = performance.now();
      if (now - loggedAt >= LOG_EVERY_MS) {
        const { share } = shedding;
        log.warn(
          { event: 'sip-overload', refused, waiting, total, share },
          'SIP overload: rejecting requests with 503',
        );
        loggedAt = now;
        refused = 0;
      }
      return responseTo(request, 503, { toTag, headers: RETRY_LATER });
    },
    repeated: () => shedding.repeated(),
  };
}
