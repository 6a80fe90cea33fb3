/**
 * Brings stored states of older releases up to date. Before schema 3 flows spoke v1: the names of commands, of causes and
 * of the correlation were those of that API.
 */
type Fields = Readonly<Record<string, unknown>>;

const COMMANDS: ReadonlyMap<unknown, string> = new Map([
  ['create-call', 'dial'],
  ['find-call', 'find'],
  ['look-at-call', 'look'],
  ['answer-call', 'answer'],
  ['create-bridge', 'bridge'],
  ['speak', 'say'],
  ['reject-call', 'reject'],
]);

const CAUSES: ReadonlyMap<unknown, string> = new Map([
  ['NORMAL_CLEARING', 'normal'],
  ['ORIGINATOR_CANCEL', 'cancelled'],
  ['USER_BUSY', 'busy'],
  ['CALL_REJECTED', 'rejected'],
  ['UNALLOCATED_NUMBER', 'unallocated'],
  ['NO_ANSWER', 'no-answer'],
]);

/** Whatever the number of the state says: during a rolling upgrade older instances write into newer states. */
export function migrateCommand(command: Fields): Fields {
  const type = COMMANDS.get(command['type']);
  if (type === undefined) return command;
  const { tag, cause, ...fields } = command;
  return {
    ...fields,
    type,
    id: String(command['id']).replace(String(command['type']), type),
    ...(tag !== undefined && { correlation: tag }),
    ...(cause !== undefined && { cause: migrateCause(cause) }),
  };
}

/** A leg that ended without a cause had `unknown`: v1 did not say why. */
export function migrateLeg(leg: Fields): Fields {
  const { cause, endCause } = leg;
  if (cause === undefined || endCause !== undefined) return leg;
  return { ...leg, endCause: cause === 'unknown' ? 'normal' : (CAUSES.get(cause) ?? 'failed') };
}

/** Of a rejection. Causes of today stay as they are. */
export function migrateCause(cause: unknown): unknown {
  return CAUSES.get(cause) ?? (cause === 'NORMAL_TEMPORARY_FAILURE' ? 'failed' : cause);
}
