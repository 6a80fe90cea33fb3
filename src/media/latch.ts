/**
 * Where a far end is: what its SDP says may be an address behind a NAT, so the source of its packets decides
 * (symmetric RTP, RFC 4961), without letting anybody else take over the call.
 */
import type { RemoteInfo } from 'node:dgram';

export interface Address {
  address: string;
  port: number;
}

/** A new source is believed when nothing has come from the old one for so long; ms. */
const QUIET_MS = 150;
/** The old source counts again when its SDP has changed and nobody else has come for so long; ms. */
const SETTLED_MS = 1_000;
/**
 * Late packets of a former call on this port may be first: who was heard for less than `PROVEN_MS`, and not for `GONE_MS`,
 * gives way to whoever else comes from where the far end is known to be; ms.
 */
const PROVEN_MS = 1_000;
const GONE_MS = 2_000;

export interface Latch {
  /** Where to send; undefined: not known yet. */
  readonly target: Address | undefined;
  /** The far end's address by its SDP; undefined: not said. */
  expect(address: Address | undefined): void;
  /** Whether a packet is the far end's. */
  accepts(source: RemoteInfo, ssrc: number): boolean;
  /** The same, of what comes only to keep the way open: nothing follows from it. */
  knows(source: Address): boolean;
}

export interface LatchOptions {
  /** IP address of the far end's signalling: behind a NAT its sound mostly comes from there, too. */
  peer?: string | undefined;
  /** Whether that is an RTP port of this platform: what two legs send each other would never end. */
  isOwnPort?(this: void, address: Address): boolean;
}

export function createLatch({ peer, isOwnPort = () => false }: LatchOptions = {}): Latch {
  let expected: Address | undefined;
  let latched: Address | undefined;
  let target: Address | undefined;
  let ssrc = 0;
  let latchedAt = 0;
  let lastAt = 0;
  /** When the SDP named another address: the far end is about to move. */
  let movedAt: number | undefined;

  /** Strangers may have been first, but not for long: RTP ports are sprayed with packets, too. */
  const isStranger = ({ address }: Address): boolean => address !== peer && address !== expected?.address;

  const latch = (source: RemoteInfo, now: number): true => {
    latched = { address: source.address, port: source.port };
    target = latched;
    movedAt = undefined;
    latchedAt = now;
    lastAt = now;
    return true;
  };

  return {
    get target() {
      return target;
    },
    expect(address) {
      // Hold by 0.0.0.0 says nothing about where it is.
      if (!address || isSame(address, expected) || isOwnPort(address)) return;
      const moves = expected !== undefined && latched !== undefined && !isSame(address, latched);
      expected = address;
      if (moves) movedAt = performance.now();
      if (moves || !latched) target = address;
    },
    accepts(source, from) {
      const now = performance.now();
      if (latched && isSame(latched, source)) {
        ssrc = from;
        lastAt = now;
        if (movedAt !== undefined && now - movedAt > SETTLED_MS) latch(source, now);
        return true;
      }
      const free = !latched || movedAt !== undefined || (isStranger(latched) && !isStranger(source));
      const rebound = from === ssrc && now - lastAt > QUIET_MS;
      const leftOver = lastAt - latchedAt < PROVEN_MS && now - lastAt > GONE_MS && !isStranger(source);
      if ((!free && !rebound && !leftOver && !isSame(source, expected)) || isOwnPort(source)) return false;
      ssrc = from;
      return latch(source, now);
    },
    knows: (source) => (latched ? isSame(latched, source) : !isStranger(source)),
  };
}

function isSame(one: Address, other: Address | undefined): boolean {
  return other !== undefined && one.port === other.port && one.address === other.address;
}
