/** How simulated far ends behave. */
import type { Playback } from '../../media/playback';

export interface SimulationTiming {
  /** From dialling until the far end rings, or refuses; ms. */
  ringAfterMs: number;
  /** From ringing until a subscriber answers, or rejects; ms. */
  answerAfterMs: number;
  /** From answering until a subscriber hangs up; ms. */
  hangUpAfterMs: number;
  /** How long the slow subscriber (`+15550000006`) rings; ms. */
  slowAnswerAfterMs: number;
  /** From the command to answer an incoming call until the line is up; ms. */
  pickUpMs: number;
  /** How fast sentences are spoken. */
  speechCharactersPerSecond: number;
  /** The shortest sentence; ms. */
  minimumSpeechMs: number;
  /** What every audio file is taken to last; ms. */
  fileMs: number;
}

export const DEFAULT_TIMING: SimulationTiming = {
  ringAfterMs: 200,
  answerAfterMs: 800,
  hangUpAfterMs: 30_000,
  slowAnswerAfterMs: 5_000,
  pickUpMs: 100,
  speechCharactersPerSecond: 14,
  minimumSpeechMs: 500,
  fileMs: 3_000,
};

/** ms that the playback takes; a loop takes as long each time round. */
export function playbackMs(playback: Playback, timing: SimulationTiming): number {
  if (playback.kind === 'playback') return timing.fileMs;
  return Math.max(timing.minimumSpeechMs, (playback.content.length / timing.speechCharactersPerSecond) * 1000);
}

export const BEHAVIOURS = ['answer', 'busy', 'no-answer', 'reject'] as const;

export interface Behaviour {
  kind: (typeof BEHAVIOURS)[number] | 'unallocated';
  /** From ringing until it answers or rejects; ms. */
  answerAfterMs: number;
  /** From answering until it hangs up; ms. */
  hangUpAfterMs: number;
}

/** What a PSTN number does: the reserved numbers misbehave, every other is a default subscriber. */
export function subscriberBehaviour(number: string, timing: SimulationTiming): Behaviour {
  const usual: Behaviour = {
    kind: 'answer',
    answerAfterMs: timing.answerAfterMs,
    hangUpAfterMs: timing.hangUpAfterMs,
  };
  switch (number) {
    case '+15550000001':
      return { ...usual, kind: 'busy' };
    case '+15550000002':
      return { ...usual, kind: 'no-answer' };
    case '+15550000003':
      return { ...usual, kind: 'reject' };
    case '+15550000004':
      return { ...usual, kind: 'unallocated' };
    case '+15550000005':
      return { ...usual, hangUpAfterMs: 0 };
    case '+15550000006':
      return { ...usual, answerAfterMs: timing.slowAnswerAfterMs };
    default:
      return usual;
  }
}
