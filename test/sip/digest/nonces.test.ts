import fc from 'fast-check';
import { createNonces, NONCE_LIFETIME_MS } from '../../../src/sip/digest/nonces';

let time = 1_800_000_000_000;
const now = (): number => time;

it('recognises its own nonces for their peer during their lifetime', () => {
  const nonces = createNonces(now);
  const nonce = nonces.issue('192.0.2.1');
  expect(nonce).toMatch(/^[\w-]{32}$/);
  expect(nonces.issue('192.0.2.1')).not.toBe(nonce);
  expect(nonces.isCurrent(nonce, '192.0.2.1')).toBe(true);
  expect(nonces.isCurrent(nonce, '192.0.2.2')).toBe(false);
  expect(createNonces(now).isCurrent(nonce, '192.0.2.1')).toBe(false); // another process
  time += NONCE_LIFETIME_MS - 1;
  expect(nonces.isCurrent(nonce, '192.0.2.1')).toBe(true);
  time += 1;
  expect(nonces.isCurrent(nonce, '192.0.2.1')).toBe(false);
});

it('recognises nonces issued after a failure', () => {
  const nonces = createNonces(now);
  const [first, second] = [nonces.issue('h'), nonces.issue('h', true)];
  expect([first, second].map((nonce) => [nonces.isCurrent(nonce, 'h'), nonces.isAfterFailure(nonce)])).toEqual([
    [true, false],
    [true, true],
  ]);
});

it('rejects modified nonces', () => {
  const nonces = createNonces(now);
  const nonce = nonces.issue('h');
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 40 }), fc.base64String()), (other) => {
      expect(nonces.isCurrent(other, 'h')).toBe(false);
    }),
  );
  for (let i = 0; i < nonce.length; i++) {
    const changed = nonce.slice(0, i) + (nonce[i] === 'A' ? 'B' : 'A') + nonce.slice(i + 1);
    expect(nonces.isCurrent(changed, 'h')).toBe(false);
  }
  // The same bytes in another spelling.
  expect(nonces.isCurrent(`${nonce}=`, 'h')).toBe(false);
});

it('accepts each count once, and late ones within the window', () => {
  const nonces = createNonces(now);
  const nonce = nonces.issue('h');
  const use = (count: number): boolean => nonces.use(nonce, count);
  expect([use(0), use(2), use(2), use(1), use(1), use(0), use(3)]).toEqual([
    false,
    true,
    false,
    true,
    false,
    false,
    true,
  ]);
  expect([use(40), use(9), use(9), use(8), use(39), use(41)]).toEqual([true, true, false, false, true, true]);
  expect([use(0xffffffff), use(0xffffffff), use(0xffffffff - 31), use(41)]).toEqual([true, false, true, false]);
  expect(nonces.size).toBe(1);
});

it('accepts every count at most once, in any order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 80 }), { maxLength: 200 }), (counts) => {
      const nonces = createNonces(now);
      const nonce = nonces.issue('h');
      const taken = counts.filter((count) => nonces.use(nonce, count));
      expect(new Set(taken).size).toBe(taken.length);
      if (counts.length > 0) expect(taken).toContain(Math.max(...counts));
    }),
  );
});

it('is used up by a client without counts', () => {
  const nonces = createNonces(now);
  const nonce = nonces.issue('h');
  expect(nonces.use(nonce, undefined)).toBe(true);
  expect(nonces.use(nonce, undefined)).toBe(false);
  expect(nonces.use(nonce, 5)).toBe(false);
  const counted = nonces.issue('h');
  expect(nonces.use(counted, 1)).toBe(true);
  expect(nonces.use(counted, undefined)).toBe(false);
});

it('a full table: dropped nonces cannot be used again, new ones can', () => {
  const nonces = createNonces(now, 3);
  const issued = Array.from({ length: 6 }, () => {
    time += 10;
    return nonces.issue('h');
  });
  for (const nonce of issued) {
    if (nonces.isCurrent(nonce, 'h')) nonces.use(nonce, 1);
    expect(nonces.size).toBeLessThanOrEqual(3);
  }
  const [first = '', , , , , last = ''] = issued;
  expect(nonces.isCurrent(first, 'h')).toBe(false);
  expect(nonces.isCurrent(last, 'h')).toBe(true);
  const fresh = nonces.issue('h');
  expect(nonces.isCurrent(fresh, 'h')).toBe(true);
  expect(nonces.use(fresh, 1)).toBe(true);
});

it('drops nonces that are too old', () => {
  const nonces = createNonces(now);
  for (let i = 0; i < 10; i++) nonces.use(nonces.issue('h'), 1);
  time += NONCE_LIFETIME_MS + 1;
  nonces.use(nonces.issue('h'), 1);
  expect(nonces.size).toBe(1);
});
