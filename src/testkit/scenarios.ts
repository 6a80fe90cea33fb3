/** The scenarios that the kit plays, by name. */
import { UsageError } from '../support/errors';
import type { FlowKind, Script } from './platform';
import type { Prng } from './platform/prng';

export interface NamedScenario {
  /** The kind of caller and the course of the call, like `phone/busy`. */
  name: string;
  title: string;
  kind: FlowKind;
  script: Script;
  /** Whether both parties want to talk, so that the app must connect them. */
  wanted: boolean;
  /** Relative frequency of the scenario. */
  weight: number;
}

/** One call to play. `label` seeds its random choices, so that they do not depend on the position in a run. */
export interface Job {
  label: string;
  scenario: NamedScenario;
  script: Script;
}

/** The scale of the times below: two seconds of ringing take 100 ms. */
export const USUAL_TIME_SCALE = 0.05;

const base: Script = { farEnd: 'answer', farEndAfterMs: 60, endsBy: 'caller', talkMs: 120 };

type Variant = Omit<NamedScenario, 'kind'>;
const wanted = (name: string, title: string, script: Partial<Script> = {}, weight = 2): Variant => ({
  name,
  title,
  script: { ...base, ...script },
  wanted: true,
  weight,
});
const unlucky = (name: string, title: string, script: Partial<Script>, weight = 1): Variant => ({
  ...wanted(name, title, script, weight),
  wanted: false,
});

const FAILURES: readonly Variant[] = [
  unlucky('busy', 'the callee is busy', { farEnd: 'busy' }),
  unlucky('rejected', 'the callee rejects the call', { farEnd: 'reject' }),
  unlucky('no-answer', 'the callee does not answer within callTimeout', { farEnd: 'no-answer' }),
  unlucky('unallocated', 'the number does not exist', { farEnd: 'unallocated' }),
  unlucky('dial-refused', 'the platform refuses to dial: 400', { dialRefused: true }),
];

const PAIRS: readonly Variant[] = [
  wanted('answered', 'both talk, the caller hangs up', {}, 5),
  wanted('answered-callee-ends', 'both talk, the callee hangs up', { endsBy: 'callee' }, 5),
  wanted('answered-at-once', 'the callee answers before the reply to its create-call is read', { farEndAfterMs: 0 }),
  wanted('keys-pressed', 'the caller presses keys while they talk', { keys: true }, 1),
  wanted('unknown-event', 'events of an unknown type', { unknownEvent: true }, 1),
  ...FAILURES,
  unlucky('callee-hangs-up-at-once', 'the callee answers and hangs up', { farEnd: 'answer-and-hang-up' }),
  unlucky('callee-leaves-before-bridge', 'the callee hangs up as the caller is put through', {
    leavesOnceAnswered: 'callee',
  }),
  unlucky('caller-leaves-before-bridge', 'the caller hangs up as it is put through', { leavesOnceAnswered: 'caller' }),
  unlucky('caller-gives-up', 'the caller gives up while the callee rings', {
    farEndAfterMs: 600,
    callerGivesUpAfterMs: 150,
  }),
  unlucky('caller-gives-up-at-once', 'the caller gives up while the app dials', {
    farEndAfterMs: 600,
    callerGivesUpAfterMs: 1,
  }),
];

const SPEAKS: readonly Variant[] = [
  wanted('spoken', 'the callee answers and hears the sentence', {}, 5),
  wanted('spoken-at-once', 'the callee answers before the reply to its create-call is read', { farEndAfterMs: 0 }),
  wanted('unknown-event', 'events of an unknown type', { unknownEvent: true }, 1),
  ...FAILURES,
  unlucky('callee-hangs-up', 'the callee hangs up in the middle of the sentence', { endsBy: 'callee', talkMs: 15 }),
];

const named = (prefix: string, kind: FlowKind, variants: readonly Variant[]): NamedScenario[] =>
  variants.map((variant) => ({ ...variant, kind, name: `${prefix}/${variant.name}` }));

export const SCENARIOS: readonly NamedScenario[] = [
  ...named('phone', 'sip-to-pstn', PAIRS),
  ...named('pstn', 'pstn-to-sip', PAIRS),
  ...named('speak', 'speak', SPEAKS),
];

/**
 * @param wantedNames full names (`phone/busy`), kinds of callers (`phone`) or courses (`busy`); empty: all scenarios
 * @throws UsageError if a name matches no scenario
 */
export function scenariosNamed(wantedNames: readonly string[]): NamedScenario[] {
  const fits = (name: string, scenario: NamedScenario): boolean =>
    scenario.name === name || scenario.name.split('/').includes(name);
  for (const name of wantedNames)
    if (!SCENARIOS.some((scenario) => fits(name, scenario)))
      throw new UsageError(`unknown scenario "${name}"; use --list to see all`);
  return SCENARIOS.filter((scenario) => wantedNames.length === 0 || wantedNames.some((name) => fits(name, scenario)));
}

/** Makes one job of each scenario, with its nominal times. */
export const perfectJobs = (scenarios: readonly NamedScenario[], timeScale: number): Job[] =>
  scenarios.map((scenario) => ({
    label: `perfect/${scenario.name}`,
    scenario,
    script: scaled(scenario.script, timeScale),
  }));

/** Draws `count` scenarios by weight, with random times. */
export function drawJobs(prng: Prng, scenarios: readonly NamedScenario[], count: number, timeScale: number): Job[] {
  const lots = scenarios.flatMap((scenario) => Array.from({ length: scenario.weight }, () => scenario));
  return Array.from({ length: count }, (_, i) => {
    const dice = prng.fork(`job ${i + 1}`);
    const scenario = dice.pick(lots);
    return { label: `faulty/${i + 1}`, scenario, script: scaled(varied(scenario.script, dice), timeScale) };
  });
}

function varied(script: Script, prng: Prng): Script {
  const { farEndAfterMs, callerGivesUpAfterMs } = script;
  const drawn = { ...script, talkMs: prng.between(20, 300) };
  if (callerGivesUpAfterMs !== undefined)
    return { ...drawn, farEndAfterMs: prng.between(0, 400), callerGivesUpAfterMs: prng.between(1, 500) };
  return { ...drawn, farEndAfterMs: farEndAfterMs === 0 ? 0 : prng.between(1, 150) };
}

function scaled(script: Script, timeScale: number): Script {
  const { farEndAfterMs, talkMs, callerGivesUpAfterMs } = script;
  const scale = (ms: number): number => Math.round((ms * timeScale) / USUAL_TIME_SCALE);
  return {
    ...script,
    farEndAfterMs: scale(farEndAfterMs),
    talkMs: scale(talkMs),
    ...(callerGivesUpAfterMs !== undefined && { callerGivesUpAfterMs: Math.max(1, scale(callerGivesUpAfterMs)) }),
  };
}
