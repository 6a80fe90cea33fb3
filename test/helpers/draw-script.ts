/** Calls to play, drawn at random: all outcomes mixed. */
import type { Prng } from '../../src/testkit/platform/prng';
import { FAR_ENDS, type FlowKind, type Script } from '../../src/testkit/platform/scenario';

export function drawScript(prng: Prng, kind: FlowKind): Script {
  const script: Script = {
    farEnd: prng.chance(0.5) ? 'answer' : prng.pick(FAR_ENDS),
    farEndAfterMs: prng.between(0, 150),
    endsBy: prng.pick(['caller', 'callee']),
    talkMs: prng.between(20, 300),
  };
  if (kind === 'speak') return { ...script, endsBy: prng.chance(0.2) ? 'callee' : 'caller' };
  if (!prng.chance(0.2)) return script;
  // Early, late, and while the platform is picking up.
  return { ...script, farEndAfterMs: prng.between(0, 400), callerGivesUpAfterMs: prng.between(1, 500) };
}
