/** Injected faults: kinds, probabilities, and the random choice. */
import type { Prng } from './prng';

const EVENT_FAULTS = ['duplicated', 'reordered', 'delayed', 'lost'] as const;
export type EventFault = (typeof EVENT_FAULTS)[number];

const COMMAND_FAULTS = [
  'slow reply', // after the effect: events overtake the reply
  '429',
  '403 call-rate-limit',
  '409 conflict',
  '503 unavailable',
  '500 without effect',
  '500 with effect',
  'final 4xx',
  'reply lost after effect',
  'lost before effect',
  'hang before effect',
  'hang after effect',
  'connection reset',
] as const;
export type CommandFault = (typeof COMMAND_FAULTS)[number];

/** Probabilities, for each event and for each command. */
export interface Faults {
  events: Partial<Record<EventFault, number>>;
  commands: Partial<Record<CommandFault, number>>;
  /** A 503 to a GET. Kept low, as reading is the last resort of a client without events. */
  queries: number;
  /** Per call, not per command: the platform accepts `completed` for an incoming call only after its answer. */
  strict: number;
  /** Whether hanging up and rejecting are never refused with 400, after which a server may give up. */
  hangUpsSpared?: boolean;
}

export const NO_FAULTS: Faults = { events: {}, commands: {}, queries: 0, strict: 0 };

export const ALL_FAULTS: Faults = {
  events: { duplicated: 0.1, reordered: 0.1, delayed: 0.15, lost: 0.04 },
  commands: {
    'slow reply': 0.08,
    '429': 0.03,
    '403 call-rate-limit': 0.03,
    '409 conflict': 0.03,
    '503 unavailable': 0.03,
    '500 without effect': 0.02,
    '500 with effect': 0.02,
    'final 4xx': 0.02,
    'reply lost after effect': 0.02,
    'lost before effect': 0.02,
    'hang before effect': 0.01,
    'hang after effect': 0.01,
    'connection reset': 0.01,
  },
  queries: 0.05,
  strict: 0.5,
};

/** Scales all probabilities. */
export function scaleFaults(faults: Faults, factor: number): Faults {
  const scale = <K extends string>(kinds: Partial<Record<K, number>>): Partial<Record<K, number>> => {
    const scaled = { ...kinds };
    for (const kind in kinds) scaled[kind] = (kinds[kind] ?? 0) * factor;
    return scaled;
  };
  return { ...faults, events: scale(faults.events), commands: scale(faults.commands) };
}

/** Faults that delay a call, or after which a client has to repeat the command. A few of them must fail no call. */
export const HARMLESS: ReadonlySet<string> = new Set<EventFault | CommandFault | 'query 503'>([
  'duplicated',
  'delayed',
  'reordered',
  'slow reply',
  '429',
  '403 call-rate-limit',
  '409 conflict',
  '503 unavailable',
  'query 503',
]);

export function drawEventFaults(faults: Faults, prng: Prng): Set<EventFault> {
  return new Set(EVENT_FAULTS.filter((kind) => prng.chance(faults.events[kind] ?? 0)));
}

/** Draws at most one fault for a command. Only create-call has its own rate limit. */
export function drawCommandFault(faults: Faults, prng: Prng, command: string): CommandFault | undefined {
  let dice = prng.next();
  for (const kind of COMMAND_FAULTS) {
    if (kind === '403 call-rate-limit' && command !== 'create-call') continue;
    if (kind === 'final 4xx' && faults.hangUpsSpared && ['hang-up', 'reject'].includes(command)) continue;
    dice -= faults.commands[kind] ?? 0;
    if (dice < 0) return kind;
  }
  return undefined;
}
