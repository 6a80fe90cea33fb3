/** Finds the call of a new leg. Apps may put anything into a tag. Most of them name the caller's leg somewhere. */
import { bare } from './replies';
import { calleesOf, callerOf, isUp, type FlowKind, type Leg, type Scenario } from './scenario';

export interface NewLeg {
  tag: string | undefined;
  to: string;
  callbackUrl: string;
}

export interface Claim {
  scenario: Scenario;
  /** Whether the command does not name its call. With several calls at once the leg may belong to another one. */
  guessed: boolean;
}

const CALL_ID = /c-kit\d+(?:in|out\d+)/;

export interface Known {
  scenarios: readonly Scenario[];
  legs: ReadonlyMap<string, Leg>;
  /** By `digits` of the dialled address, if it is unique. */
  byDialled: ReadonlyMap<string, Scenario>;
}

export function claimOf({ tag = '', to, callbackUrl }: NewLeg, known: Known): Claim | undefined {
  const { scenarios, legs, byDialled } = known;
  const named = [tag, safeDecode(callbackUrl)].map((text) => CALL_ID.exec(text)?.[0]).find(Boolean);
  const byName = named === undefined ? undefined : legs.get(named)?.scenario;
  const certain = byName ?? byDialled.get(digits(to));
  if (certain) return { scenario: certain, guessed: false };
  const guess = guessOf(scenarios, 'pstn-to-sip') ?? guessOf(scenarios, 'speak') ?? guessOf(scenarios, 'sip-to-pstn');
  return guess && { scenario: guess, guessed: true };
}

/** Returns the oldest call without a callee, else the latest with an active leg, whose callee may be dialled twice. */
export function guessOf(scenarios: readonly Scenario[], kind: FlowKind): Scenario | undefined {
  const open = scenarios.filter((scenario) => scenario.kind === kind && !scenario.closed);
  const waits = (scenario: Scenario): boolean => {
    const caller = callerOf(scenario);
    return calleesOf(scenario).length === 0 && (kind === 'speak' || (caller !== undefined && isUp(caller)));
  };
  return open.find(waits) ?? open.findLast(({ legs }) => legs.some(isUp));
}

/** Returns the digits of a number, or of the user part of a SIP URI. */
export const digits = (address: string): string => (bare(address).split('@')[0] ?? '').replace(/\D/g, '') || address;

function safeDecode(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    return url;
  }
}
