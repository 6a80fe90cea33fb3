import { createShedding, type Shedding } from '../../../src/sip/transaction/shedding';

let now: number;
let busy: number;
let shedding: Shedding;

beforeEach(() => {
  now = 0;
  busy = 0;
  shedding = createShedding({ now: () => now, busy: () => busy });
});

/** Half a second with so many new calls and repeated requests. @returns how many calls were refused */
function window(calls: number, repeats: number): number {
  let refused = 0;
  for (let i = 0; i < calls; i += 1) if (shedding.refuses()) refused += 1;
  for (let i = 0; i < repeats; i += 1) shedding.repeated();
  now += 500;
  return refused;
}

const windows = (times: number, calls: number, repeats: number): number[] =>
  Array.from({ length: times }, () => window(calls, repeats));

it('a busy process whose peers repeat themselves takes less and less, and at least a tenth', () => {
  busy = 1;
  expect(windows(4, 100, 50)).toEqual([0, 31, 51, 65]);
  windows(10, 100, 50);
  expect(window(100, 50)).toBe(90);
  expect(shedding.share).toBeCloseTo(0.1);
});

it('when it keeps up again, it takes a tenth more every half second, until it takes all', () => {
  busy = 1;
  windows(20, 100, 50);
  busy = 0.5;
  windows(10, 100, 0);
  expect(window(100, 0)).toBe(0);
  expect(shedding.share).toBe(1);
});

it.each([
  ['busy, and nothing is repeated', 1, 100, 5],
  ['packets are lost, and it is not busy', 0.9, 100, 100],
  ['few calls, repeated while it was busy with something else', 1, 24, 24],
])('%s: every call is taken', (_, busyNow, calls, repeats) => {
  busy = busyNow;
  expect(windows(10, calls, repeats)).toEqual(Array.from({ length: 10 }, () => 0));
});
