/**
 * Speak and hang up: Tandem calls somebody, speaks a sentence, and hangs up when it has been spoken (the tutorial's
 * step 4).
 *
 * dialling ──answered──▶ speaking ──spoken──▶ ending ──gone──▶ ended
 */
import { enter, issue } from './draft';
import { blankFlow, type Decision, type FlowEvent, type Limits, type SpeakFlow, type Speech } from './flow';
import { begin, dialCallee, transitionWith, type FlowSteps, type Step } from './steps';

/** A slow speaker's time for one character, ms: how long speaking may take before it is taken for stuck. */
const MS_PER_CHARACTER = 150;

const steps: FlowSteps<SpeakFlow> = {
  onEntry: {
    dialling: dialCallee,
    speaking: (draft) => {
      const { id, speech, callee, limits } = draft.flow;
      enter(draft, 'speaking', speech.sentence.length * MS_PER_CHARACTER + limits.stepMs);
      if (callee.callId !== undefined) issue(draft, { type: 'speak', callId: callee.callId, speech, tag: id });
    },
  },

  next({ callee, spoken, fault }): Step {
    if (spoken) return { end: 'completed' };
    if (callee.state === 'gone') return { end: 'callee-left' };
    if (fault) return { end: fault };
    return { to: callee.state === 'answered' ? 'speaking' : 'dialling' };
  },

  observe({ flow }, event) {
    if (event.type === 'webhook' && event.event.eventType === 'speak' && event.event.callId === flow.callee.callId) {
      const { status, state } = event.event;
      flow.spoken ||=
        flow.phase === 'speaking' && (status === 'done' || (status === undefined && state === 'PLAYBACK_STOP'));
    }
    // Where only the reply was lost the sentence may be spoken now: its events tell, or the deadline.
    const failed =
      event.type === 'command-failed' && event.command.type === 'speak' && event.failure.fate !== 'unknown';
    if (failed) flow.fault = 'speak-failed';
  },
};

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
}

/** A new flow: dials `to`. Its id is the tag of the call. */
export function beginSpeak({ id, speech, ...dial }: SpeakRequest, limits: Limits, at: number): Decision<SpeakFlow> {
  const flow: SpeakFlow = {
    ...blankFlow(id, limits, at),
    kind: 'speak-and-hang-up',
    speech,
    spoken: false,
    dial,
  };
  return begin(steps, flow, { to: 'dialling' });
}
