/** Every call that there is, and what it must come to in Tandem where nothing goes wrong. */
import type { FlowKind, Script } from '../../src/testkit/platform';

export interface Expectation {
  kind: FlowKind;
  script: Script;
  /** What the caller may see; more than one where people race with the wire. */
  outcomes: string[];
  /** How Tandem may call it. */
  reasons: string[];
}

/** They talk for longer than a slow machine needs to store that they do. */
const base: Script = { farEnd: 'answer', farEndAfterMs: 40, endsBy: 'caller', talkMs: 1_500 };

/** Every outcome of every flow, with what it must come to over a wire without faults. */
export function everyOutcome(): Expectation[] {
  const pairs = (['sip-to-pstn', 'pstn-to-sip'] as const).flatMap((kind): Expectation[] => {
    const rejected = (farEnd: Script['farEnd'], reason: string): Expectation => ({
      kind,
      script: { ...base, farEnd },
      outcomes: ['rejected'],
      reasons: [reason],
    });
    return [
      { kind, script: base, outcomes: ['bridged'], reasons: ['completed'] },
      { kind, script: { ...base, endsBy: 'callee' }, outcomes: ['bridged'], reasons: ['completed'] },
      { kind, script: { ...base, farEndAfterMs: 0 }, outcomes: ['bridged'], reasons: ['completed'] },
      rejected('busy', 'busy'),
      rejected('reject', 'rejected'),
      rejected('unallocated', 'unallocated'),
      rejected('no-answer', 'no-answer'),
      {
        kind,
        script: { ...base, farEnd: 'answer-and-hang-up' },
        outcomes: ['rejected', 'hung up while ringing', 'answered, not bridged', 'bridged'],
        // The bridge may meet a callee who is gone before anybody has said so.
        reasons: ['callee-left', 'completed', 'bridge-failed'],
      },
      {
        kind,
        script: { ...base, farEndAfterMs: 600, callerGivesUpAfterMs: 150 },
        outcomes: ['caller gave up'],
        reasons: ['caller-gave-up'],
      },
    ];
  });
  const unspoken = (farEnd: Script['farEnd'], reason: string): Expectation => ({
    kind: 'speak',
    script: { ...base, farEnd },
    outcomes: ['not answered'],
    reasons: [reason],
  });
  return [
    ...pairs,
    { kind: 'speak', script: base, outcomes: ['spoken'], reasons: ['completed'] },
    { kind: 'speak', script: { ...base, farEndAfterMs: 0 }, outcomes: ['spoken'], reasons: ['completed'] },
    unspoken('busy', 'busy'),
    unspoken('reject', 'rejected'),
    unspoken('unallocated', 'unallocated'),
    unspoken('no-answer', 'no-answer'),
    {
      kind: 'speak',
      script: { ...base, endsBy: 'callee', talkMs: 10 },
      outcomes: ['cut off', 'answered, not spoken'],
      // A sentence for somebody who has just gone is refused: that, too, is how it ended.
      reasons: ['callee-left', 'speak-failed'],
    },
  ];
}
