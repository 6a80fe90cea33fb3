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

it('sends to the address of the SDP until it has heard something', () => {
  expect(latch.target).toBeUndefined();
  latch.expect(said);
  expect(latch.target).toEqual(said);
  expect(latch.accepts(nat, 1)).toBe(true);
  expect(latch.target).toEqual({ address: nat.address, port: nat.port });
});

it('ignores others while the far end speaks', () => {
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

it('prefers who comes from the address of the SDP, even when another was first', () => {
  latch.expect(said);
  latch.accepts(other, 2);
  expect(latch.accepts(at(said.address, said.port), 1)).toBe(true);
  expect(latch.target).toEqual(said);
  expect(latch.accepts(other, 2)).toBe(false);
});

it('stays where it is when the SDP says the same again, or says hold', () => {
  latch.expect(said);
  latch.accepts(nat, 1);
  latch.expect({ ...said });
  latch.expect(undefined);
  expect(latch.target?.address).toBe(nat.address);
});

it('turns to the new address when the SDP names another, and takes whoever comes from there', () => {
  latch.expect(said);
  latch.accepts(nat, 1);
  latch.expect({ address: '192.168.1.5', port: 9_000 });
  expect(latch.target?.port).toBe(9_000);
  expect(latch.accepts(nat, 1)).toBe(true); // on their way still
  expect(latch.target?.port).toBe(9_000);
  expect(latch.accepts(at('198.51.100.7', 50_000), 7)).toBe(true);
  expect(latch.target?.port).toBe(50_000);
  expect(latch.accepts(nat, 1)).toBe(false);
});

it('returns to the old source when the SDP names another and nobody comes from there', () => {
  latch.expect(said);
  latch.accepts(nat, 1);
  latch.expect({ address: '192.168.1.5', port: 9_000 });
  jest.advanceTimersByTime(1_001);
  latch.accepts(nat, 1);
  expect(latch.target?.address).toBe(nat.address);
});

it('stays with the source that the new SDP names', () => {
  latch.expect(said);
  latch.accepts(nat, 1);
  latch.expect({ address: nat.address, port: nat.port });
  expect(latch.target?.address).toBe(nat.address);
  expect(latch.accepts(other, 1)).toBe(false);
});

it('a stranger who was first gives way to who comes from where the signalling comes from', () => {
  latch = createLatch({ peer: nat.address });
  latch.expect(said);
  expect(latch.accepts(other, 9)).toBe(true); // nobody else is there yet
  expect(latch.accepts(nat, 1)).toBe(true);
  expect(latch.target).toEqual({ address: nat.address, port: nat.port });
  expect(latch.accepts(other, 9)).toBe(false);
  expect(latch.accepts(at(nat.address, 1_000), 2)).toBe(false); // no stranger, but not the first
});

describe('late packets of a former call of the same phone', () => {
  const now = at(nat.address, 40_002);
  /** Which packets of the new call are taken, one each 20 ms. */
  const taken = (count: number): boolean[] =>
    Array.from({ length: count }, () => {
      jest.advanceTimersByTime(20);
      return latch.accepts(now, 2);
    });
  beforeEach(() => {
    latch = createLatch({ peer: nat.address });
    latch.expect(said);
  });

  it('do not lock out the new one', () => {
    for (let i = 0; i < 5; i += 1) {
      latch.accepts(nat, 1);
      jest.advanceTimersByTime(20);
    }
    const heard = taken(110);
    expect(heard.indexOf(true)).toBeGreaterThan(90);
    expect(heard.lastIndexOf(false)).toBe(heard.indexOf(true) - 1);
  });

  it('are not what has been heard for a while: nobody behind the same NAT takes over who is silent', () => {
    for (let i = 0; i < 60; i += 1) {
      latch.accepts(nat, 1);
      jest.advanceTimersByTime(20);
    }
    expect(taken(1_000)).not.toContain(true);
    expect(latch.accepts(nat, 1)).toBe(true);
  });

  it('do not make way for others', () => {
    latch.accepts(nat, 1);
    jest.advanceTimersByTime(60_000);
    expect(latch.accepts(other, 2)).toBe(false);
  });
});

it('a stranger who stays alone is the far end: its sound may come by another way', () => {
  latch = createLatch({ peer: nat.address });
  latch.accepts(other, 9);
  expect(latch.accepts(other, 9)).toBe(true);
  expect(latch.target?.address).toBe(other.address);
});

it('another leg of this platform is nobody’s far end', () => {
  const own = at('198.51.100.1', 10_000);
  latch = createLatch({ isOwnPort: ({ port }) => port === own.port });
  latch.expect({ address: own.address, port: own.port });
  expect(latch.target).toBeUndefined();
  expect(latch.accepts(own, 1)).toBe(false);
  latch.expect(said);
  expect(latch.accepts(own, 1)).toBe(false);
  expect(latch.target).toEqual(said);
});
