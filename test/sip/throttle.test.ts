import { createThrottle } from '../../src/sip/throttle';

let time = 0;
const now = (): number => time;
beforeEach(() => {
  time = 1_800_000_000_000;
});

const times = (count: number, run: (n: number) => void): void =>
  Array.from({ length: count }, (_, n) => n).forEach(run);

it('guesses at a user from one address: only this pair must wait, until the window ends', () => {
  const throttle = createThrottle({ failuresPerUserAndAddress: 3 }, now);
  times(2, () => throttle.failed('192.0.2.1', 'bob'));
  expect(throttle.waitFor('192.0.2.1', 'bob')).toBe(0);
  time += 100_000;
  throttle.failed('192.0.2.1', 'bob');
  expect(throttle.waitFor('192.0.2.1', 'bob')).toBe(200);
  expect([throttle.waitFor('192.0.2.1', 'jo'), throttle.waitFor('192.0.2.2', 'bob')]).toEqual([0, 0]);
  time += 199_999;
  expect(throttle.waitFor('192.0.2.1', 'bob')).toBe(1);
  time += 1;
  expect(throttle.waitFor('192.0.2.1', 'bob')).toBe(0);
  times(2, () => throttle.failed('192.0.2.1', 'bob'));
  expect(throttle.waitFor('192.0.2.1', 'bob')).toBe(0);
});

it('guesses at many users from one address: the address must wait, except users who have logged in from there', () => {
  const throttle = createThrottle({ failuresPerAddress: 20, failuresPerUserAndAddress: 3 }, now);
  throttle.succeeded('192.0.2.1', 'mallory');
  times(20, (n) => {
    throttle.failed('192.0.2.1', `user${n}`);
    throttle.succeeded('192.0.2.1', 'mallory');
  });
  expect([throttle.waitFor('192.0.2.1', 'user0'), throttle.waitFor('192.0.2.1', 'mallory')]).toEqual([300, 0]);
  times(3, () => throttle.failed('192.0.2.1', 'mallory'));
  expect(throttle.waitFor('192.0.2.1', 'mallory')).toBe(300);
});

it.each(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])(
  'loopback (%s) has a higher limit per address, but not per user',
  (host) => {
    const throttle = createThrottle({}, now);
    times(60, (n) => throttle.failed(host, `user${n}`));
    times(10, () => throttle.failed(host, 'bob'));
    expect([throttle.waitFor(host, 'bob'), throttle.waitFor(host, 'new')]).toEqual([300, 0]);
    times(930, (n) => throttle.failed(host, `user${n}`));
    expect(throttle.waitFor(host, 'new')).toBe(300);
    times(50, (n) => throttle.failed('192.0.2.7', `user${n}`));
    expect(throttle.waitFor('192.0.2.7', 'new')).toBe(300);
  },
);

it('a successful login clears failures of the same user at the same address', () => {
  const throttle = createThrottle({ failuresPerUserAndAddress: 3 }, now);
  times(2, () => throttle.failed('192.0.2.1', 'bob'));
  throttle.succeeded('192.0.2.1', 'bob');
  times(2, () => throttle.failed('192.0.2.1', 'bob'));
  expect(throttle.waitFor('192.0.2.1', 'bob')).toBe(0);
});

it('guesses at a user from many addresses: unknown addresses must wait, known ones need not', () => {
  const throttle = createThrottle({ failuresPerUser: 50 }, now);
  throttle.succeeded('203.0.113.5', 'bob');
  times(50, (n) => throttle.failed(`198.51.100.${n}`, 'bob'));
  expect(throttle.waitFor('192.0.2.1', 'bob')).toBe(300);
  expect(throttle.waitFor('203.0.113.5', 'bob')).toBe(0);
});

it('challenges run out, and return with time or after a successful login', () => {
  const throttle = createThrottle({ challengeBurst: 2, challengesPerSecond: 2 }, now);
  const ask = (): number => throttle.challenge('192.0.2.1');
  expect([ask(), ask(), ask()]).toEqual([0, 0, 1]);
  expect(throttle.challenge('192.0.2.2')).toBe(0);
  time += 2_000;
  expect([ask(), ask(), ask()]).toEqual([0, 0, 1]);
  throttle.succeeded('192.0.2.1', 'bob');
  expect(ask()).toBe(0);
  // A load test: many challenges, all answered.
  times(1_000, () => {
    throttle.succeeded('192.0.2.1', 'bob');
    expect(ask()).toBe(0);
  });
});

it.each([
  ['2001:db8:1:2::1', '2001:db8:1:2:ffff:0:0:7', true],
  ['2001:db8::1', '2001:db8:0:0:5::', true],
  ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ['::1', '::2', true],
  ['::ffff:192.0.2.1', '192.0.2.1', true],
  ['192.0.2.1', '192.0.2.2', false],
])('%s and %s count as the same: %s', (one, other, same) => {
  const throttle = createThrottle({ failuresPerAddress: 1, failuresPerLoopback: 1 }, now);
  throttle.failed(one, 'bob');
  expect(throttle.waitFor(other, 'jo') > 0).toBe(same);
});

it('memory is bounded: the oldest entries are dropped', () => {
  const throttle = createThrottle({ failuresPerAddress: 1, maxEntries: 100 }, now);
  times(200, (n) => {
    throttle.succeeded(`10.0.0.${n}`, `known${n}`);
    throttle.failed(`10.0.0.${n}`, `user${n}`);
    throttle.challenge(`10.0.0.${n}`);
  });
  const wait = (n: number, user: string): number => throttle.waitFor(`10.0.0.${n}`, `${user}${n}`);
  expect([wait(0, 'user'), wait(99, 'user'), wait(100, 'user'), wait(100, 'known')]).toEqual([0, 0, 300, 0]);
  throttle.failed('10.0.0.99', 'jo');
  expect(wait(99, 'known')).toBe(300); // no longer known
});
