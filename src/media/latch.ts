/**
 * Determines the RTP address of a far end. The address in SDP may be behind a NAT, so the source address of packets
 * decides (symmetric RTP, RFC 4961). Other senders must not be able to take over the call.
 */
import type { RemoteInfo } from 'node:dgram';

export interface Address {
  address: string;
  port: number;
}

/** A source with the same SSRC replaces the old one if the old one has been quiet for this time; ms. */
const QUIET_MS = 150;
/** After the SDP address has changed, the old source is kept if no other source sends within this time; ms. */
const SETTLED_MS = 1_000;
/**
 * The first packets may be late ones of an earlier call on this port. A source that sent for less than `PROVEN_MS`, and
 * then nothing for `GONE_MS`, is replaced by any source at a known address of the far end; ms.
 */
const PROVEN_MS = 1_000;
const GONE_MS = 2_000;

export interface Latch {
  /** Destination of packets; undefined if unknown. */
  readonly target: Address | undefined;
  /** Sets the far end's address from its SDP; undefined if the SDP has none. */
  expect(address: Address | undefined): void;
  /** Whether a packet comes from the far end. May change `target`. */
  accepts(source: RemoteInfo, ssrc: number): boolean;
  /** The same for keep-alive packets. Does not change `target`. */
  knows(source: Address): boolean;
}

export interface LatchOptions {
  /** IP address of the far end's signalling. Behind a NAT, RTP usually has the same address. */
  peer?: string | undefined;
  /** Whether an address is an RTP port of this platform. Two legs that send to each other would loop forever. */
  isOwnPort?(this: void, address: Address): boolean;
}

export function createLatch({ peer, isOwnPort = () => false }: LatchOptions = {}): Latch {
  let expected: Address | undefined;
  let latched: Address | undefined;
  let target: Address | undefined;
  let ssrc = 0;
  let latchedAt = 0;
  let lastAt = 0;
  /** Time at which the SDP address changed, until the far end has moved. */
  let movedAt: number | undefined;

  /**
   * Whether an address is neither that of the signalling nor that in SDP. RTP ports also receive packets from scanners.
   */
  const isUnexpected = ({ address }: Address): boolean => address !== peer && address !== expected?.address;

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
      // Keep the address on hold by 0.0.0.0, and ignore our own ports.
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
      const free = !latched || movedAt !== undefined || (isUnexpected(latched) && !isUnexpected(source));
      const rebound = from === ssrc && now - lastAt > QUIET_MS;
      const leftOver = lastAt - latchedAt < PROVEN_MS && now - lastAt > GONE_MS && !isUnexpected(source);
      if ((!free && !rebound && !leftOver && !isSame(source, expected)) || isOwnPort(source)) return false;
      ssrc = from;
      return latch(source, now);
    },
    knows: (source) => (latched ? isSame(latched, source) : !isUnexpected(source)),
  };
}

function isSame(one: Address, other: Address | undefined): boolean {
  return other !== undefined && one.port === other.port && one.address === other.address;
}
