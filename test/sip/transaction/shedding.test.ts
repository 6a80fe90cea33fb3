import { createShedding, type Shedding } from '../../../src/sip/transaction/shedding';

let now: number;
let busy: number;
let shedding: Shedding;

beforeEach(() => {
  now = 0;
  busy = 0;
  shedding = createShedding({ now: () => now, busy: () => busy });
});

/** Simulates half a second with new calls and retransmissions. @returns the number of rejected calls */
function window(calls: number, repeats: number): number {
  let refused = 0;
  for (let i = 0; i < calls; i += 1) if (shedding.refuses()) refused += 1;
  for (let i = 0; i < repeats; i += 1) shedding.repeated();
  now += 500;
  return refused;
}

const windows = (times: number, calls: number, repeats: number): number[] =>
  Array.from({ length: times }, () => window(calls, repeats));

it('a busy process whose peers retransmit accepts fewer and fewer calls, but at least a tenth', () => {
  busy = 1;
  expect(windows(4, 100, 50)).toEqual([0, 31, 51, 65]);
  windows(10, 100, 50);
  expect(window(100, 50)).toBe(90);
  expect(shedding.share).toBeCloseTo(0.1);
});

it('after the overload, it accepts a tenth more every half second, up to all calls', () => {
  busy = 1;
  windows(20, 100, 50);
  busy = 0.5;
  windows(10, 100, 0);
  expect(window(100, 0)).toBe(0);
  expect(shedding.share).toBe(1);
});

it.each([
  ['busy without retransmissions', 1, 100, 5],
  ['lost packets while not busy', 0.9, 100, 100],
  ['few calls with retransmissions while busy with other work', 1, 24, 24],
])('%s: every call is accepted', (_, busyNow, calls, repeats) => {
  busy = busyNow;
  expect(windows(10, calls, repeats)).toEqual(Array.from({ length: 10 }, () => 0));
});
