/** Which call a new leg belongs to. Apps are free in what they put into a tag; most of them name the caller's leg somewhere. */
import { bare } from './replies';
import { calleesOf, callerOf, isUp, type FlowKind, type Leg, type Scenario } from './scenario';

export interface NewLeg {
  tag: string | undefined;
  to: string;
  callbackUrl: string;
}

export interface Claim {
  scenario: Scenario;
  /** Nothing in the command says so: with several calls at once it may be another one's. */
  guessed: boolean;
}

const CALL_ID = /c-kit\d+(?:in|out\d+)/;

export interface Known {
  scenarios: readonly Scenario[];
  legs: ReadonlyMap<string, Leg>;
  /** By `digits` of what they dial, where that is theirs alone. */
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

/** The oldest call that still waits for its callee, else the latest that has a leg up: its callee may be dialled twice. */
export function guessOf(scenarios: readonly Scenario[], kind: FlowKind): Scenario | undefined {
  const open = scenarios.filter((scenario) => scenario.kind === kind && !scenario.closed);
  const waits = (scenario: Scenario): boolean => {
    const caller = callerOf(scenario);
    return calleesOf(scenario).length === 0 && (kind === 'speak' || (caller !== undefined && isUp(caller)));
  };
  return open.find(waits) ?? open.findLast(({ legs }) => legs.some(isUp));
}

/** Of a number, or of the user part of a SIP URI. */
export const digits = (address: string): string => (bare(address).split('@')[0] ?? '').replace(/\D/g, '') || address;

function safeDecode(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    return url;
  }
}
