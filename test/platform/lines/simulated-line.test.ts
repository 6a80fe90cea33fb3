/** The rules of lines/line.ts, on a simulated line with a fake clock. */
import { strictErrors } from '../../helpers/strict-errors';
import { DEFAULT_TIMING, subscriberBehaviour } from '../../../src/platform/lines/behaviour';
import { createFarEnds } from '../../../src/platform/lines/far-ends';
import type { Playback } from '../../../src/media/playback';
import { SimulatedLine } from '../../../src/platform/lines/simulated-line';
import { silentPlayers } from '../../../src/platform/lines/silent-player';
import { createTimers } from '../../../src/support/timers';
import { recordingListener } from './listeners';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const sentence: Playback = { kind: 'speak', content: 'x'.repeat(28), loop: false, volume: 0 }; // two seconds

function line(direction: 'in' | 'out') {
  const { listener, notifications } = recordingListener();
  const timers = createTimers();
  const farEnds = createFarEnds({ max: 10, ageMs: 1000 });
  const to = '+15552223333';
  const farEnd = farEnds.open({ kind: 'pstn', party: to, direction, from: '+1555444333', to });
  const timing = DEFAULT_TIMING;
  const createPlayer = silentPlayers(timers, timing);
  const simulated = new SimulatedLine(farEnd, { timers, farEnds, timing, createPlayer, internalErrors: strictErrors });
  return { simulated, listener, notifications, farEnd, whats: () => farEnd.history.map(({ what }) => what) };
}

function dialled(to = '+15552223333') {
  const made = line('out');
  made.simulated.receive(subscriberBehaviour(to, DEFAULT_TIMING), made.listener);
  return made;
}

it('MUST NOT notify from within a command', () => {
  const { simulated, notifications } = dialled();
  expect(notifications).toEqual([]);
  jest.advanceTimersByTime(1_000);
  expect(notifications).toEqual(['ringing', 'answered']);
  simulated.play(sentence);
  simulated.stopPlay();
  expect(notifications).toEqual(['ringing', 'answered']);
});

it('rings, answers, and hangs up after half a minute', () => {
  const { notifications, whats } = dialled();
  jest.advanceTimersByTime(30_999);
  expect(notifications).toEqual(['ringing', 'answered']);
  jest.advanceTimersByTime(1);
  expect(notifications).toEqual(['ringing', 'answered', 'ended NORMAL_CLEARING']);
  expect(whats()).toEqual(['dialled', 'ringing', 'answered', 'ended']);
});

it('MUST NOT notify after hangUp', () => {
  const { simulated, notifications, farEnd } = dialled();
  jest.advanceTimersByTime(1_000);
  simulated.play(sentence);
  jest.advanceTimersByTime(100);
  simulated.hangUp('NORMAL_CLEARING');
  simulated.hangUp('NORMAL_CLEARING');
  farEnd.controls?.hangUp();
  jest.runAllTimers();
  expect(notifications).toEqual(['ringing', 'answered', 'playStarted']);
});

it('speaks for as long as the sentence takes', () => {
  const { simulated, notifications } = dialled();
  simulated.play(sentence); // before the answer: not audible
  jest.advanceTimersByTime(1_000);
  simulated.play(sentence);
  jest.advanceTimersByTime(1_999);
  expect(notifications.at(-1)).toBe('playStarted');
  jest.advanceTimersByTime(1);
  expect(notifications.slice(2)).toEqual(['playStarted', 'playDone']);
});

it('MUST ignore commands after its end', () => {
  const { simulated, notifications, farEnd } = dialled('+15550000001');
  jest.advanceTimersByTime(200);
  expect(notifications).toEqual(['ended USER_BUSY']);
  simulated.answer();
  simulated.ring();
  simulated.play(sentence);
  simulated.stopPlay();
  simulated.sendDtmf('1');
  simulated.connect(simulated);
  simulated.hangUp('NORMAL_CLEARING');
  jest.runAllTimers();
  expect(notifications).toEqual(['ended USER_BUSY']);
  expect(farEnd).toMatchObject({ state: 'ended', cause: 'USER_BUSY' });
});

it('a caller that gives up during the answer is not answered', () => {
  const { simulated, listener, notifications } = line('in');
  simulated.placed(listener, { giveUpAfterMs: 150, hangUpAfterMs: 1_000 });
  jest.advanceTimersByTime(100);
  simulated.answer();
  jest.runAllTimers();
  expect(notifications).toEqual(['ended ORIGINATOR_CANCEL']);
});
