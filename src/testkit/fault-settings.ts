/** Parses `--faults`: none, mild, all, or names with probabilities. */
import { UsageError } from '../support/errors';
import { ALL_FAULTS, NO_FAULTS, type Faults } from './platform';
import type { CommandFault, EventFault } from './platform/faults';

const EVENTS: ReadonlyMap<string, EventFault> = new Map<string, EventFault>([
  ['duplicate', 'duplicated'],
  ['reorder', 'reordered'],
  ['delay', 'delayed'],
  ['drop', 'lost'],
]);

const COMMANDS: ReadonlyMap<string, CommandFault> = new Map<string, CommandFault>([
  ['slow-reply', 'slow reply'],
  ['429', '429'],
  ['call-rate-limit', '403 call-rate-limit'],
  ['409', '409 conflict'],
  ['503', '503 unavailable'],
  ['500', '500 without effect'],
  ['500-after', '500 with effect'],
  ['4xx', 'final 4xx'],
  ['lost-reply', 'reply lost after effect'],
  ['lost-command', 'lost before effect'],
  ['hang', 'hang before effect'],
  ['hang-after', 'hang after effect'],
  ['reset', 'connection reset'],
]);

export const FAULT_NAMES: readonly string[] = [...EVENTS.keys(), ...COMMANDS.keys(), 'query-503', 'strict'];

/** Common faults, for which the documentation says what an app must do. */
const MILD: Faults = {
  events: { duplicated: 0.05, reordered: 0.05, delayed: 0.1 },
  commands: {
    'slow reply': 0.05,
    '429': 0.02,
    '403 call-rate-limit': 0.02,
    '409 conflict': 0.02,
    '503 unavailable': 0.02,
  },
  queries: 0.02,
  strict: 0,
};

const SETS: ReadonlyMap<string, Faults> = new Map([
  ['none', NO_FAULTS],
  ['mild', MILD],
  ['all', ALL_FAULTS],
]);

/**
 * @param text a set, probabilities, or both: `mild`, `duplicate=0.1,drop=0.05`, `all,drop=0`
 * @throws UsageError
 */
export function parseFaults(text: string): Faults {
  const faults: Faults = { ...NO_FAULTS, events: {}, commands: {}, hangUpsSpared: true };
  for (const part of text.split(',').map((each) => each.trim())) {
    const set = SETS.get(part);
    if (set) Object.assign(faults, { ...set, events: { ...set.events }, commands: { ...set.commands } });
    else setOne(faults, part);
  }
  return faults;
}

function setOne(faults: Faults, part: string): void {
  const [name = '', value = ''] = part.split('=');
  const probability = Number(value);
  if (!FAULT_NAMES.includes(name))
    throw new UsageError(`--faults: unknown fault "${name}"; use none, mild, all, ${FAULT_NAMES.join(', ')}`);
  if (value === '' || !(probability >= 0 && probability <= 1))
    throw new UsageError(`--faults: ${name} needs a probability from 0 to 1, as in ${name}=0.1`);
  const [event, command] = [EVENTS.get(name), COMMANDS.get(name)];
  if (event) faults.events[event] = probability;
  if (command) faults.commands[command] = probability;
  if (name === 'query-503') faults.queries = probability;
  if (name === 'strict') faults.strict = probability;
}

/** Whether all probabilities are 0. */
export const isFaultless = ({ events, commands, queries, strict }: Faults): boolean =>
  [...Object.values(events), ...Object.values(commands), queries, strict].every((probability) => !probability);
