/** Reads stored states. By hand and not with zod: the store step is the hottest part of an event. */
import { PHASES, type Flow } from '../../flows/flow';
import { UnreadableStateError } from '../errors';
import { migrateCause, migrateCommand, migrateLeg } from './migrate-state';

/**
 * The schema of the states that this version writes. States without a number are of the releases before there was one.
 * Raise it where an older instance would misread a new state. Add new fields as optional ones, so that it seldom is.
 */
export const SCHEMA = 3;

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isTime = (value: unknown): boolean => value === null || typeof value === 'number';

const LEG_STATES: ReadonlySet<unknown> = new Set(['new', 'ringing', 'answered', 'gone']);
const KNOWN_PHASES: ReadonlySet<unknown> = new Set(PHASES);
const isLeg = (value: unknown): boolean => isObject(value) && LEG_STATES.has(value['state']);

/** The field that makes a state unusable here; undefined: there is none. */
function faultOf(state: Fields): string | undefined {
  if (!isText(state['id'])) return 'id';
  if (!KNOWN_PHASES.has(state['phase'])) return 'phase';
  if (typeof state['createdAt'] !== 'number') return 'createdAt';
  if (!isObject(state['limits'])) return 'limits';
  if (!isLeg(state['callee'])) return 'callee';
  for (const field of ['deadlineAt', 'checkAt', 'wakeAt'] as const) if (!isTime(state[field] ?? null)) return field;
  for (const field of ['pending', 'timeline'] as const) if (!Array.isArray(state[field])) return field;
  switch (state['kind']) {
    case 'bridge-legs':
      if (!isLeg(state['caller'])) return 'caller';
      return isObject(state['incoming']) ? undefined : 'incoming';
    case 'speak-and-hang-up':
      return isObject(state['speech']) ? undefined : 'speech';
    default:
      return 'kind';
  }
}

/**
 * A state of this version, of an older one (what it lacks is filled in), or of a newer one: its fields are kept, those
 * too that mean nothing here, and so is its number.
 *
 * @throws UnreadableStateError where it cannot be used; it stays as it is for the instance that understands it
 */
export function parseState(json: string): Flow {
  let state: unknown;
  try {
    state = JSON.parse(json);
  } catch (cause) {
    throw new UnreadableStateError('the state is not JSON', { cause });
  }
  if (!isObject(state)) throw new UnreadableStateError('the state is not an object');
  const fault = faultOf(state);
  if (fault !== undefined)
    throw new UnreadableStateError(`the state of the session ${String(state['id'])} has an unknown "${fault}"`);
  const { schema, ...fields } = state;
  return {
    ...fields,
    ...migrated(fields),
    ...(typeof schema === 'number' && schema > SCHEMA && { schema }),
    seen: Array.isArray(fields['seen']) ? fields['seen'] : [],
    deadlineAt: fields['deadlineAt'] ?? Infinity,
    checkAt: fields['checkAt'] ?? Infinity,
    wakeAt: fields['wakeAt'] ?? Infinity,
  } as unknown as Flow;
}

function migrated({ pending, caller, callee, refusal }: Fields): Fields {
  return {
    pending: (pending as unknown[]).map((command) => (isObject(command) ? migrateCommand(command) : command)),
    callee: migrateLeg(callee as Fields),
    ...(isObject(caller) && { caller: migrateLeg(caller) }),
    ...(refusal !== undefined && { refusal: migrateCause(refusal) }),
  };
}

/** `Infinity` becomes null, which no state has. */
export function printState(flow: Flow): string {
  const json = JSON.stringify(flow);
  return 'schema' in flow ? json : `{"schema":${SCHEMA},${json.slice(1)}`;
}
