/**
 * Speak and hang up: Tandem calls somebody, speaks a sentence, and hangs up when it has been spoken (the tutorial's
 * step 4).
 *
 * dialling ──answered──▶ speaking ──spoken──▶ ending ──gone──▶ ended
 */
import { enter, issue, type Draft } from './draft';
import type { Speech } from '../calls/commands';
import { blankFlow, type Decision, type FlowEvent, type Limits, type SpeakFlow } from './flow';
import { begin, dialCallee, transitionWith, type FlowSteps, type Step } from './steps';

/** A slow speaker's time for one character, ms: how long speaking may take before it is taken for stuck. */
const MS_PER_CHARACTER = 150;

/** How long after its end a sentence that was heard to begin may still be waited for, ms. */
const SPEECH_MARGIN_MS = 5_000;
/**
 * Where the reply to `say` is lost and no event shows within this time that it was heard, the sentence is said once
 * more: hearing it twice is better than hearing nothing. ms.
 */
const SPEECH_STARTS_WITHIN_MS = 2_000;

const steps: FlowSteps<SpeakFlow> = {
  onEntry: {
    dialling: dialCallee,
    speaking: (draft) => {
      const { speech, limits } = draft.flow;
      enter(draft, 'speaking', durationOf(speech) + limits.stepMs);
      speak(draft);
    },
  },

  // It was heard to begin, so it has ended by now, and only the event that says so is missing.
  overdue: ({ phase, started }) => (phase === 'speaking' && started ? 'completed' : 'deadline'),

  next({ callee, spoken, fault }): Step {
    if (spoken) return { end: 'completed' };
    if (callee.state === 'gone') return { end: 'callee-left' };
    if (fault) return { end: fault };
    return { to: callee.state === 'answered' ? 'speaking' : 'dialling' };
  },

  observe(draft, event) {
    const { flow, at } = draft;
    if (event.type === 'call-event' && event.event.type === 'speech' && event.event.callId === flow.callee.callId) {
      const { state } = event.event;
      delete flow.repeatAt;
      if (!flow.started && flow.phase === 'speaking') {
        flow.started = true;
        flow.deadlineAt = at + durationOf(flow.speech) + SPEECH_MARGIN_MS;
      }
      if (state === 'failed') flow.fault ??= 'speak-failed';
      else flow.spoken ||= flow.phase === 'speaking' && state === 'done';
    } else if (event.type === 'command-failed' && event.command.type === 'say') {
      if (event.failure.effect !== 'unknown') flow.fault = 'speak-failed';
      else if (!flow.repeated) flow.repeatAt = at + SPEECH_STARTS_WITHIN_MS;
    } else if (event.type === 'wake' && flow.repeatAt !== undefined && flow.repeatAt <= at) {
      delete flow.repeatAt;
      flow.repeated = true;
      if (flow.phase === 'speaking') speak(draft);
    }
  },
};

/** At most, ms. */
function durationOf({ sentence }: Speech): number {
  return sentence.length * MS_PER_CHARACTER;
}

function speak(draft: Draft<SpeakFlow>): void {
  const { id, speech, callee } = draft.flow;
  if (callee.callId !== undefined) issue(draft, { type: 'say', callId: callee.callId, speech, correlation: id });
}

export function speakTransition(flow: SpeakFlow, event: FlowEvent): Decision<SpeakFlow> {
  return transitionWith(steps, flow, event);
}

export interface SpeakRequest {
  id: string;
  from: string;
  to: string;
  /** seconds */
  callTimeout: number;
  speech: Speech;
  /** Of a request with an Idempotency-Key. */
  fingerprint?: string | undefined;
}

/** A new flow: dials `to`. Its id is the correlation of the call. */
export function beginSpeak(
  { id, speech, fingerprint, ...dial }: SpeakRequest,
  limits: Limits,
  at: number,
): Decision<SpeakFlow> {
  const flow: SpeakFlow = {
    ...blankFlow(id, limits, at),
    kind: 'speak-and-hang-up',
    speech,
    ...(fingerprint !== undefined && { fingerprint }),
    spoken: false,
    dial,
  };
  return begin(steps, flow, { to: 'dialling' });
}
