/** The timer values of RFC 3261 (17, table 4 in appendix A) and RFC 6026 (7.1, 7.2); ms. */

/** The three base values of all timers; ms. */
export interface Timing {
  /** Estimated round-trip time: the first retransmission interval. */
  readonly t1: number;
  /** Maximum retransmission interval of non-INVITE requests and INVITE responses. */
  readonly t2: number;
  /** Maximum time that a message stays in the network. */
  readonly t4: number;
}

export const DEFAULT_TIMING: Timing = { t1: 500, t2: 4_000, t4: 5_000 };

/** Duration of each timer; ms. A, E and G are initial values, which double on each retransmission, E and G up to T2. */
export interface Durations {
  /** INVITE client: retransmits the request; unreliable transports only. */
  readonly a: number;
  /** INVITE client: gives up. */
  readonly b: number;
  /** INVITE client: absorbs retransmitted final responses. */
  readonly d: number;
  /** Non-INVITE client: retransmits the request; unreliable transports only. */
  readonly e: number;
  /** Non-INVITE client: gives up. */
  readonly f: number;
  /** INVITE server: retransmits the final response; unreliable transports only. */
  readonly g: number;
  /** INVITE server: stops waiting for the ACK. */
  readonly h: number;
  /** INVITE server: absorbs retransmitted ACKs. */
  readonly i: number;
  /** Non-INVITE server: answers retransmitted requests. */
  readonly j: number;
  /** Non-INVITE client: absorbs retransmitted final responses. */
  readonly k: number;
  /** INVITE server, RFC 6026: absorbs retransmitted INVITEs after a 2xx. */
  readonly l: number;
  /** INVITE client, RFC 6026: accepts further 2xx responses. */
  readonly m: number;
  /** INVITE client: waits for a final response after CANCEL (RFC 3261 9.1). */
  readonly cancel: number;
  /** Non-INVITE server: sends 100 once the client's timer E has reached T2 (RFC 4320 4.1). */
  readonly trying: number;
  readonly t2: number;
}

/** @param reliable whether the transport is reliable, so that absorbing states end at once (duration 0) */
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

/** The sum of the intervals T1, 2*T1, 4*T1, … below T2. Default: 3.5 s. */
function untilT2(t1: number, t2: number): number {
  let sum = 0;
  for (let interval = t1; interval < t2; interval *= 2) sum += interval;
  return sum;
}
