import { rethrow } from '../helpers/strict-errors';
import { createClock, type Clock } from '../../src/media/clock';

let clock: Clock;
const every = (tick: () => void): (() => void) => clock.everyPacket(tick, rethrow);

beforeEach(() => {
  jest.useFakeTimers();
  clock = createClock();
});
afterEach(() => {
  clock.close();
  jest.restoreAllMocks();
  jest.useRealTimers();
});

it('ticks fifty times a second until it is unsubscribed', () => {
  let ticks = 0;
  const stop = every(() => (ticks += 1));
  jest.advanceTimersByTime(12_000);
  expect(ticks).toBe(600);
  stop();
  stop();
  jest.advanceTimersByTime(1_000);
  expect(ticks).toBe(600);
});

it('has no timer without subscribers, nor after it was closed', () => {
  expect(jest.getTimerCount()).toBe(0);
  const stops = [every(() => undefined), every(() => undefined)];
  expect(jest.getTimerCount()).toBe(1);
  for (const stop of stops) stop();
  expect(jest.getTimerCount()).toBe(0);
  every(() => undefined);
  clock.close();
  every(() => undefined)();
  expect(jest.getTimerCount()).toBe(0);
});

it('never ticks early, and keeps the rate when timers are late', () => {
  const at: number[] = [];
  const began = performance.now();
  every(() => at.push(performance.now() - began));
  for (let i = 0; i < 50; i += 1) jest.advanceTimersByTime(20 + (i % 3));
  const drift = at.map((time, i) => time - at[0]! - i * 20);
  expect(Math.max(...drift.map(Math.abs))).toBeLessThanOrEqual(1);
});

it('assigns subscribers to the slot with the lowest load', () => {
  const ticked: string[] = [];
  const stops = ['a', 'b', 'c', 'd', 'e'].map((name) => every(() => ticked.push(name)));
  jest.advanceTimersByTime(40);
  stops[1]!();
  every(() => ticked.push('f')); // into the slot that b has freed
  jest.advanceTimersByTime(20);
  ticked.length = 0;
  const alone: string[][] = [];
  for (let i = 0; i < 4; i += 1) {
    jest.advanceTimersByTime(5);
    alone.push(ticked.splice(0).sort());
  }
  expect(alone.sort((x, y) => x.join().localeCompare(y.join()))).toEqual([['a', 'e'], ['c'], ['d'], ['f']]);
});

it('makes up ticks that a stall has missed, but not for later subscribers', () => {
  let old = 0;
  let newcomer = 0;
  every(() => (old += 1));
  jest.advanceTimersByTime(100);
  expect(old).toBe(5);
  jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 300);
  every(() => (newcomer += 1));
  jest.advanceTimersByTime(20);
  expect(old).toBe(20);
  expect(newcomer).toBeLessThanOrEqual(1);
});

it('does not make up ticks after hours of sleep', () => {
  let ticks = 0;
  every(() => (ticks += 1));
  jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 3_600_000);
  jest.advanceTimersByTime(20);
  expect(ticks).toBeGreaterThanOrEqual(50);
  expect(ticks).toBeLessThanOrEqual(52);
});

it('lets a tick cancel itself and subscribe others', () => {
  const ticked: string[] = [];
  const stop = every(() => {
    ticked.push('first');
    stop();
    for (let i = 0; i < 4; i += 1) every(() => ticked.push('second'));
  });
  jest.advanceTimersByTime(20);
  expect(ticked.filter((name) => name === 'first')).toHaveLength(1);
  jest.advanceTimersByTime(20);
  expect(ticked.filter((name) => name === 'first')).toHaveLength(1);
  expect(ticked.filter((name) => name === 'second').length).toBeGreaterThanOrEqual(4);
});
