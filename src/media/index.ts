/** The media of SIP calls: RTP ports, and the audio that legs send and receive. */
import { createInternalErrors, type InternalErrors } from '../support/internal-errors';
import type { Logger } from '../support/logger';
import type { Clock } from './clock';
import type { Media, MediaLegListener } from './media';
import type { Address } from './latch';
import { createPortPool, evenPortsIn, PortUnavailableError, type PortRange } from './ports';
import { createRtpLeg, type RtpLeg } from './rtp-leg';
import type { ReceiverCounts } from './rtp-receiver';
import { CHECK_MS } from './rtp-sender';

export { checkOffer } from './negotiate';

export interface MediaOptions {
  /** Address to which the ports are bound. */
  host: string;
  /**
   * Returns the address of this machine for session descriptions.
   * @param remoteHost address of the far end in its session description; undefined if unknown
   */
  advertise(this: void, remoteHost: string | undefined): string;
  /** Whether an IP address belongs to this machine. Default: only `host` does. */
  isOwnAddress?(this: void, address: string): boolean;
  /** First and last port; undefined if the system chooses. */
  ports?: PortRange | undefined;
  /** Time without packets after which a far end that should send counts as silent; s. 0 disables the check. */
  silenceSeconds: number;
  /** The clock is not closed with the media. */
  clock: Clock;
  /** Called with the packet counts of each closed leg. */
  ended?(this: void, counts: Readonly<ReceiverCounts>): void;
  log: Logger;
  /** For legs that are opened without the internal errors of a call. */
  internalErrors?: InternalErrors | undefined;
}

/** Opens no ports before the first leg. */
export function startMedia(options: MediaOptions): Media {
  const { host, advertise, ports, silenceSeconds, clock, log } = options;
  const { internalErrors = createInternalErrors(log) } = options;
  const { isOwnAddress = (address) => address === host } = options;
  const pool = createPortPool(host, ports);
  const legs = new Set<RtpLeg>();
  const openPorts = new Set<number>();
  /** Promises that `close` awaits. */
  const pending = new Set<Promise<unknown>>();
  let opening = 0;
  let check: NodeJS.Timeout | undefined; // one for all legs
  let checks = 0;
  let closed = false;

  const mustSettle = (promise: Promise<unknown>): void => {
    pending.add(promise);
    const done = (): void => void pending.delete(promise);
    promise.then(done, done);
  };
  const ended = (leg: RtpLeg, portClosed: Promise<void>): void => {
    mustSettle(portClosed);
    legs.delete(leg);
    if (legs.size > 0) return;
    clearInterval(check);
    check = undefined;
  };
  // Prefer the peer's address: behind a NAT, the address in a phone's session description does not show where it is.
  const towards = (peer?: string) => (peer === undefined ? advertise : () => advertise(peer));
  const isOwnPort = ({ address, port }: Address): boolean => openPorts.has(port) && isOwnAddress(address);
  const checkAll = (): void => {
    checks += 1;
    const second = (checks * CHECK_MS) % 1_000 === 0;
    for (const each of legs) each.check(second);
  };
  const openLeg = async (listener: MediaLegListener, peer?: string, ofCall = internalErrors): Promise<RtpLeg> => {
    const port = await pool.open();
    if (closed) {
      await port.close();
      throw mediaClosed();
    }
    const leg = createRtpLeg(port, listener, {
      ...{ host, advertise: towards(peer), peer, isOwnPort, silenceSeconds, clock, log, internalErrors: ofCall },
      ended: (over, portClosed) => {
        openPorts.delete(port.port);
        options.ended?.(over.counts);
        ended(over, portClosed);
      },
    });
    openPorts.add(port.port);
    legs.add(leg);
    check ??= setInterval(internalErrors.guard('rtp check', checkAll), CHECK_MS);
    return leg;
  };

  return {
    get size() {
      return legs.size + opening;
    },
    get free() {
      return ports && evenPortsIn(ports) - openPorts.size;
    },
    async open(listener, peer, ofCall) {
      if (closed) throw mediaClosed();
      opening += 1;
      const opened = openLeg(listener, peer, ofCall).finally(() => (opening -= 1));
      mustSettle(opened);
      return opened;
    },
    async close() {
      closed = true;
      for (const leg of legs) leg.close();
      await Promise.allSettled(pending);
    },
  };
}

const mediaClosed = (): PortUnavailableError => new PortUnavailableError('The media engine is closed');
