/** Retransmits the 2xx of an INVITE until its ACK arrives (RFC 3261 13.3.1.4). The transaction does not do this. */
import type { Cancel, Timers } from '../../support/timers';
import type { SipResponse } from '../message';
import { DEFAULT_TIMING } from '../transaction/timing';
import type { ServerTransaction } from '../transaction/transaction';

export interface Accepted {
  /** The ACK has arrived. */
  acknowledged(): void;
  /** Stops the retransmissions. */
  stop(): void;
}

const { t1, t2 } = DEFAULT_TIMING;

/** @param onGiveUp called if no ACK arrives within 64*T1. The dialog must be ended with BYE. */
export function sendUntilAcknowledged(
  transaction: ServerTransaction,
  response: SipResponse,
  timers: Timers,
  onGiveUp: () => void,
): Accepted {
  let interval = t1;
  let cancelRepeat: Cancel = () => undefined;
  const stop = (): void => {
    cancelRepeat();
    cancelGiveUp();
  };
  const repeat = (): void => {
    cancelRepeat = timers.after(interval, () => {
      transaction.respond(response);
      interval = Math.min(2 * interval, t2);
      repeat();
    });
  };
  const cancelGiveUp = timers.after(64 * t1, () => {
    stop();
    onGiveUp();
  });
  transaction.respond(response);
  repeat();
  return { acknowledged: stop, stop };
}
