import { createLatch, type Latch } from '../../src/media/latch';

const at = (address: string, port: number) => ({ address, port, family: 'IPv4' as const, size: 172 });
const said = { address: '192.168.1.5', port: 7078 };
const nat = at('198.51.100.7', 40_000);
const other = at('203.0.113.9', 40_000);

let latch: Latch;
beforeEach(() => {
  jest.useFakeTimers();
  latch = createLatch();
});
afterEach(() => jest.useRealTimers());

it('sends to the address in SDP until a packet arrives', () => {
  expect(latch.target).toBeUndefined();
  latch.expect(said);
  expect(latch.target).toEqual(said);
  expect(latch.accepts(nat, 1)).toBe(true);
  expect(latch.target).toEqual({ address: nat.address, port: nat.port });
});

it('ignores other sources while the far end sends', () => {
  latch.expect(said);
  latch.accepts(nat, 1);
  jest.advanceTimersByTime(20);
  expect(latch.accepts(other, 1)).toBe(false);
  expect(latch.accepts(at(nat.address, nat.port + 1), 1)).toBe(false);
  expect(latch.accepts(nat, 1)).toBe(true);
});

it('follows the same source to another port after a silence, but no other source', () => {
  latch.expect(said);
  latch.accepts(nat, 1);
  jest.advanceTimersByTime(60_000);
  expect(latch.accepts(other, 2)).toBe(false);
  const rebound = at(nat.address, 40_002);
  expect(latch.accepts(rebound, 1)).toBe(true);
  expect(latch.target?.port).toBe(40_002);
  expect(latch.accepts(nat, 1)).toBe(false);
});

it('prefers the source at the address in SDP, even if another was first', () => {
  latch.expect(said);
  latch.accepts(other, 2);
  expect(latch.accepts(at(said.address, said.port), 1)).toBe(true);
  expect(latch.target).toEqual(said);
  expect(latch.accepts(other, 2)).toBe(false);
});

it('keeps the source if SDP repeats its address, or signals hold', () => {
  latch.expect(said);
  latch.accepts(nat, 1);
  latch.expect({ ...said });
  latch.expect(undefined);
  expect(latch.target?.address).toBe(nat.address);
});

it('switches to a new address in SDP, and accepts any source there', () => {
  latch.expect(said);
  latch.accepts(nat, 1);
  latch.expect({ address: '192.168.1.5', port: 9_000 });
  expect(latch.target?.port).toBe(9_000);
  expect(latch.accepts(nat, 1)).toBe(true); // still in transit
  expect(latch.target?.port).toBe(9_000);
  expect(latch.accepts(at('198.51.100.7', 50_000), 7)).toBe(true);
  expect(latch.target?.port).toBe(50_000);
  expect(latch.accepts(nat, 1)).toBe(false);
});

it('returns to the old source if nothing arrives from a new address in SDP', () => {
  latch.expect(said);
  latch.accepts(nat, 1);
  latch.expect({ address: '192.168.1.5', port: 9_000 });
  jest.advanceTimersByTime(1_001);
  latch.accepts(nat, 1);
  expect(latch.target?.address).toBe(nat.address);
});

it('keeps a source whose address the new SDP contains', () => {
  latch.expect(said);
  latch.accepts(nat, 1);
  latch.expect({ address: nat.address, port: nat.port });
  expect(latch.target?.address).toBe(nat.address);
  expect(latch.accepts(other, 1)).toBe(false);
});

it('replaces an unexpected first source by one at the address of the signalling', () => {
  latch = createLatch({ peer: nat.address });
  latch.expect(said);
  expect(latch.accepts(other, 9)).toBe(true); // there is no other source yet
  expect(latch.accepts(nat, 1)).toBe(true);
  expect(latch.target).toEqual({ address: nat.address, port: nat.port });
  expect(latch.accepts(other, 9)).toBe(false);
  expect(latch.accepts(at(nat.address, 1_000), 2)).toBe(false); // expected, but not the first
});

describe('late packets of an earlier call of the same phone', () => {
  const now = at(nat.address, 40_002);
  /** Which packets of the new call are accepted, one each 20 ms. */
  const taken = (count: number): boolean[] =>
    Array.from({ length: count }, () => {
      jest.advanceTimersByTime(20);
      return latch.accepts(now, 2);
    });
  beforeEach(() => {
    latch = createLatch({ peer: nat.address });
    latch.expect(said);
  });

  it('do not lock out the new call', () => {
    for (let i = 0; i < 5; i += 1) {
      latch.accepts(nat, 1);
      jest.advanceTimersByTime(20);
    }
    const heard = taken(110);
    expect(heard.indexOf(true)).toBeGreaterThan(90);
    expect(heard.lastIndexOf(false)).toBe(heard.indexOf(true) - 1);
  });

  it('differ from an established source: no other source behind the same NAT replaces it while it is silent', () => {
    for (let i = 0; i < 60; i += 1) {
      latch.accepts(nat, 1);
      jest.advanceTimersByTime(20);
    }
    expect(taken(1_000)).not.toContain(true);
    expect(latch.accepts(nat, 1)).toBe(true);
  });

  it('are not replaced by unexpected sources', () => {
    latch.accepts(nat, 1);
    jest.advanceTimersByTime(60_000);
    expect(latch.accepts(other, 2)).toBe(false);
  });
});

it('accepts an unexpected source without competitors: media may take another path', () => {
  latch = createLatch({ peer: nat.address });
  latch.accepts(other, 9);
  expect(latch.accepts(other, 9)).toBe(true);
  expect(latch.target?.address).toBe(other.address);
});

it('never accepts another leg of this platform', () => {
  const own = at('198.51.100.1', 10_000);
  latch = createLatch({ isOwnPort: ({ port }) => port === own.port });
  latch.expect({ address: own.address, port: own.port });
  expect(latch.target).toBeUndefined();
  expect(latch.accepts(own, 1)).toBe(false);
  latch.expect(said);
  expect(latch.accepts(own, 1)).toBe(false);
  expect(latch.target).toEqual(said);
});
