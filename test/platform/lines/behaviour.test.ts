import { DEFAULT_TIMING, playbackMs, subscriberBehaviour } from '../../../src/platform/lines/behaviour';
import type { Playback } from '../../../src/media/playback';

const speech = (content: string): Playback => ({ kind: 'speak', content, loop: false, volume: 0 });

it('speech takes as long as the sentence, at least half a second', () => {
  expect(playbackMs(speech('Hi'), DEFAULT_TIMING)).toBe(500);
  expect(playbackMs(speech('x'.repeat(140)), DEFAULT_TIMING)).toBe(10_000);
});

it('a subscriber answers after a second and hangs up after half a minute', () => {
  const { kind, answerAfterMs, hangUpAfterMs } = subscriberBehaviour('+15552223333', DEFAULT_TIMING);
  expect([kind, DEFAULT_TIMING.ringAfterMs + answerAfterMs, hangUpAfterMs]).toEqual(['answer', 1_000, 30_000]);
});

it.each([
  ['+15550000001', { kind: 'busy' }],
  ['+15550000002', { kind: 'no-answer' }],
  ['+15550000003', { kind: 'reject' }],
  ['+15550000004', { kind: 'unallocated' }],
  ['+15550000005', { kind: 'answer', hangUpAfterMs: 0 }],
  ['+15550000006', { kind: 'answer', answerAfterMs: 5_000 }],
])('the reserved number %s: %j', (number, behaviour) => {
  expect(subscriberBehaviour(number, DEFAULT_TIMING)).toMatchObject(behaviour);
});
