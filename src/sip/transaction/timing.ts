/** The timer values of RFC 3261 (17, table 4 in appendix A) and RFC 6026 (7.1, 7.2); ms. */

/** The three values that all timers are made of. */
export interface Timing {
  /** Round-trip time to be expected: first wait before a retransmission. */
  readonly t1: number;
  /** Longest wait between retransmissions of a non-INVITE request or of an INVITE response. */
  readonly t2: number;
  /** How long a message may stay in the network. */
  readonly t4: number;
}

export const DEFAULT_TIMING: Timing = { t1: 500, t2: 4_000, t4: 5_000 };

/** How long each timer runs. A, E and G are first values: they double, E and G up to T2. */
export interface Durations {
  /** INVITE client: retransmits the request; unreliable only. */
  readonly a: number;
  /** INVITE client: gives the request up. */
  readonly b: number;
  /** INVITE client: absorbs retransmitted finals. */
  readonly d: number;
  /** Non-INVITE client: retransmits the request; unreliable only. */
  readonly e: number;
  /** Non-INVITE client: gives the request up. */
  readonly f: number;
  /** INVITE server: retransmits the final response; unreliable only. */
  readonly g: number;
  /** INVITE server: gives the ACK up. */
  readonly h: number;
  /** INVITE server: absorbs retransmitted ACKs. */
  readonly i: number;
  /** Non-INVITE server: answers retransmitted requests. */
  readonly j: number;
  /** Non-INVITE client: absorbs retransmitted finals. */
  readonly k: number;
  /** INVITE server, RFC 6026: absorbs the INVITE after a 2xx. */
  readonly l: number;
  /** INVITE client, RFC 6026: takes every 2xx. */
  readonly m: number;
  /** INVITE client: a final response after a CANCEL (RFC 3261 9.1). */
  readonly cancel: number;
  /** Non-INVITE server: the client's timer E has come to T2, now a 100 helps (RFC 4320 4.1). */
  readonly trying: number;
  readonly t2: number;
}

/** @param reliable over such a transport nothing is absorbed: a zero ends the state at once */
export function durations({ t1, t2, t4 }: Timing, reliable: boolean): Durations {
  const timeout = 64 * t1;
  const absorb = (ms: number): number => (reliable ? 0 : ms);
  return {
    a: t1,
    b: timeout,
    d: absorb(timeout),
    e: t1,
    f: timeout,
    g: t1,
    h: timeout,
    i: absorb(t4),
    j: absorb(timeout),
    k: absorb(t4),
    l: timeout,
    m: timeout,
    cancel: timeout,
    trying: untilT2(t1, t2),
    t2,
  };
}

/** The sum of the intervals T1, 2*T1, 4*T1 … below T2: 3.5 s by default. */
function untilT2(t1: number, t2: number): number {
  let sum = 0;
  for (let interval = t1; interval < t2; interval *= 2) sum += interval;
  return sum;
}
