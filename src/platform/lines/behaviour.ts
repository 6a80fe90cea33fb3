/** Behaviour and times of simulated far ends. */
import type { Playback } from '../../media/playback';

export interface SimulationTiming {
  /** Time from the dial until the far end rings or refuses, ms. */
  ringAfterMs: number;
  /** Time from ringing until a subscriber answers or rejects, ms. */
  answerAfterMs: number;
  /** Time from the answer until a subscriber hangs up, ms. */
  hangUpAfterMs: number;
  /** How long the slow subscriber (`+15550000006`) rings, ms. */
  slowAnswerAfterMs: number;
  /** Time from the command `answer` of an incoming call until the line is up, ms. */
  pickUpMs: number;
  speechCharactersPerSecond: number;
  /** Duration of the shortest sentence, ms. */
  minimumSpeechMs: number;
  /** Assumed duration of every audio file, ms. */
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

/** Returns the duration of a playback, or of one round of a loop, ms. */
export function playbackMs(playback: Playback, timing: SimulationTiming): number {
  if (playback.kind === 'playback') return timing.fileMs;
  return Math.max(timing.minimumSpeechMs, (playback.content.length / timing.speechCharactersPerSecond) * 1000);
}

export const BEHAVIOURS = ['answer', 'busy', 'no-answer', 'reject'] as const;

export interface Behaviour {
  kind: (typeof BEHAVIOURS)[number] | 'unallocated';
  /** Time from ringing until it answers or rejects, ms. */
  answerAfterMs: number;
  /** Time from the answer until it hangs up, ms. */
  hangUpAfterMs: number;
}

/** Returns the behaviour of a PSTN number: that of a reserved test number, else of a default subscriber. */
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
