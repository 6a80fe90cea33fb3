/** Judges a call after its end. */
import type { FindingCode } from './findings';
import { calleesOf, callerOf, HARMLESS, isUp, nameOf, type Leg, type Scenario } from './platform';
import type { Played } from './play';

/** A fault found in one call. */
export interface Found {
  code: FindingCode;
  text: string;
  /** ms since the call began */
  at: number;
  played: Played;
  /** The number of journal entries at that time. */
  entries: number;
  /** Whether the journal already contains it. */
  noticed: boolean;
}

/** The app should end a leg within this time after its partner has gone, ms. */
export const PARTNER_MS = 5_000;
/** More commands than any call needs, however often they fail. */
const COMMAND_STORM = 60;
const TOO_LATE = 20;
/** An app may give up a call after more refusals than these. */
const FEW_REFUSALS = 2;

/** @param settled whether remaining legs had time to end; false after an aborted run */
export function judge(played: Played, settled: boolean): Found[] {
  const { scenario } = played;
  const { journal } = scenario;
  const now = Date.now() - journal.startedAt;
  const entries = journal.entries.length;
  const found = (code: FindingCode, text: string, at = now, noticed = false): Found => ({
    code,
    text,
    at,
    played,
    entries,
    noticed,
  });
  const all = journal.violations.map(({ code, text, at }) => found(code, text, at, true));
  const commands = [...journal.commands.values()].reduce((sum, count) => sum + count, 0);
  if (commands > COMMAND_STORM) all.push(found('command-storm', `${commands} commands for one call`));
  if (scenario.commandsTooLate > TOO_LATE)
    all.push(found('commands-to-ended-calls', `${scenario.commandsTooLate} commands for legs that were over`));
  if (!settled) return all;
  const legs = scenario.kind === 'speak' ? judgeSpoken(played) : judgePair(played);
  return [...all, ...legs.map(({ code, text, at }) => found(code, text, at))];
}

interface Judgement {
  code: FindingCode;
  text: string;
  at?: number;
}

function judgeSpoken(played: Played): Judgement[] {
  const { scenario } = played;
  const callees = calleesOf(scenario);
  const orphans = callees.filter(isUp).map(orphan);
  if (orphans.length > 0 || !deservesGood(played)) return orphans;
  if (scenario.journal.violations.some(({ code }) => code === 'speak-refused')) return [];
  if (callees.length === 0) return [{ code: 'never-dialled', text: 'the app did not dial' }];
  const spoken = callees.some(({ speeches }) => speeches.some(({ done }) => done));
  return spoken ? [] : [{ code: 'not-spoken', text: 'the callee answered, but no sentence was spoken to its end' }];
}

function judgePair(played: Played): Judgement[] {
  const { scenario } = played;
  const caller = callerOf(scenario);
  // An app that never accepted the incomingcall event is not responsible for the call.
  if (!caller || !scenario.known) return [];
  const callees = calleesOf(scenario);
  const up = callees.filter(isUp);
  const talked = scenario.bridges.some(({ talking }) => talking);
  if (isUp(caller) && callees.length === 0) {
    const tried = (scenario.journal.commands.get('create-call') ?? 0) > 0;
    if (tried) return [waiting(caller, 'its dial had failed')];
    return isGentle(scenario)
      ? [{ code: 'never-dialled', text: `the app did not dial, and the caller is ${stateOf(caller)}` }]
      : [waiting(caller, 'the app did not dial')];
  }
  if (isUp(caller) && up.length > 0) {
    if (talked) return up.map(orphan);
    const code = isGentle(scenario) ? 'never-bridged' : 'stuck-call';
    return [
      { code, text: `the caller is ${stateOf(caller)}, the callee ${up[0]?.state ?? ''}, and there is no bridge` },
    ];
  }
  if (isUp(caller)) return [talked ? orphan(caller) : waiting(caller, 'the callee was gone')];
  if (up.length > 0) return up.map(orphan);
  return judgeEnded(played, caller, callees, talked);
}

function judgeEnded(played: Played, caller: Leg, callees: readonly Leg[], talked: boolean): Judgement[] {
  const { scenario } = played;
  const startedAt = scenario.journal.startedAt;
  const judgements: Judgement[] = [];
  if (!talked && deservesGood(played)) {
    const text = `the caller was ${caller.rejected ? 'rejected' : 'let go'} (${caller.cause ?? ''})`;
    judgements.push(
      callees.length === 0
        ? { code: 'never-dialled', text }
        : { code: 'never-bridged', text, at: (caller.endedAt ?? 0) - startedAt },
    );
  }
  const ends = [caller, ...callees].map(({ endedAt }) => endedAt).filter((end) => end !== undefined);
  const aloneMs = ends.length > 1 ? Math.max(...ends) - Math.min(...ends) : 0;
  if (aloneMs > PARTNER_MS && scenario.journal.faults.size === 0 && !played.stalled)
    judgements.push({
      code: 'partner-left-waiting',
      text: `the other leg was ended ${(aloneMs / 1000).toFixed(1)} s after the first`,
      at: Math.max(...ends) - startedAt,
    });
  return judgements;
}

const stateOf = (leg: Leg): string => (leg.state === 'active' ? 'in silence' : 'still ringing');

const orphan = (leg: Leg): Judgement => ({
  code: 'orphan-leg',
  text: `${nameOf(leg)} ${leg.id} is still ${leg.state}`,
});

const waiting = (caller: Leg, why: string): Judgement => ({
  code: 'caller-left-waiting',
  text: `the caller is ${stateOf(caller)}: ${why}`,
});

/** Whether the call had few faults, and only those after which the app has to repeat a command. */
function isGentle({ journal }: Scenario): boolean {
  const kinds = [...journal.faults];
  if (kinds.some(([fault]) => !HARMLESS.has(fault))) return false;
  const refusals = kinds.filter(([fault]) => /^\d/.test(fault)).reduce((sum, [, count]) => sum + count, 0);
  return refusals <= FEW_REFUSALS;
}

/** Whether the app must connect the call: both parties want to talk, and no fault prevents it. */
function deservesGood({ job, scenario, stalled }: Played): boolean {
  return job.scenario.wanted && isGentle(scenario) && (!stalled || scenario.journal.faults.size === 0);
}
