/** The commands of flows as commands of the v1 API. */
import type { RejectCause } from '../../calls/causes';
import type { CallCommand, CommandType } from '../../calls/commands';
import { FAILURE_CODES, type CallSnapshot, type CommandResult, type LiveCall } from '../../calls/outcomes';
import type { RejectCause as V1RejectCause } from '../../v1-wire/commands';
import { ERROR_CODES } from '../../v1-wire/errors';
import { outcomeOf } from '../outcome';
import type { CallControl, SendOptions } from '../provider';
import { createV1Client, type V1Client, type V1ClientOptions } from './client';
import type { ListedLiveCall } from './listing';
import type { SeenCall } from './seen-call';

const REJECT_CAUSES: Readonly<Record<RejectCause, V1RejectCause>> = {
  busy: 'USER_BUSY',
  rejected: 'CALL_REJECTED',
  'no-answer': 'NO_ANSWER',
  unallocated: 'UNALLOCATED_NUMBER',
  failed: 'NORMAL_TEMPORARY_FAILURE',
};

const CODES: ReadonlyMap<string, string> = new Map([
  [ERROR_CODES.numberAccessDenied, FAILURE_CODES.callerIdRefused],
  [ERROR_CODES.bridgeBridgedCall, FAILURE_CODES.alreadyBridged],
]);

/** A result that tells nothing beyond that the command was done. */
const DONE: CommandResult = {};

type Handlers = {
  [T in CommandType]: (command: Extract<CallCommand, { type: T }>, options: SendOptions) => Promise<CommandResult>;
};

function handlersOf(client: V1Client): Handlers {
  return {
    dial: async ({ correlation, ...request }, { signal, beforeSend }) => ({
      callId: await client.createCall({ ...request, tag: correlation }, signal, beforeSend),
    }),
    find: async ({ correlation, ...request }, { signal }) => ({
      seen: (await client.findCalls({ ...request, tag: correlation }, signal)).map(snapshotOf),
    }),
    look: async ({ callId }, { signal }) => ({ seen: [snapshotOf(await client.lookAtCall(callId, signal))] }),
    answer: ({ callId }, { signal, beforeSend }) => client.answerCall(callId, signal, beforeSend).then(() => DONE),
    bridge: async ({ callIds }, { signal, beforeSend }) => ({
      bridgeId: await client.createBridge(callIds, signal, beforeSend),
    }),
    say: ({ callId, speech, correlation }, { signal, beforeSend }) =>
      client.speak(callId, { ...speech, tag: correlation }, signal, beforeSend).then(() => DONE),
    reject: ({ callId, cause }, { signal }) =>
      client.rejectCall(callId, signal, cause && REJECT_CAUSES[cause]).then(() => DONE),
    'hang-up': ({ callId }, { signal }) => client.hangUp(callId, signal).then(() => DONE),
  };
}

export function createCallControl(options: V1ClientOptions): CallControl {
  const client = createV1Client(options);
  const handlers = handlersOf(client);
  const perform = (command: CallCommand, sendOptions: SendOptions): Promise<CommandResult> => {
    // The table has a handler of each command's own type, which an index access cannot show.
    const handler = handlers[command.type] as (command: CallCommand, options: SendOptions) => Promise<CommandResult>;
    return handler(command, sendOptions);
  };
  return {
    send: (command, sendOptions) => outcomeOf(perform(command, sendOptions), CODES),
    listLive: async (ageMs, signal) => (await client.liveCalls(ageMs, signal)).map(liveCallOf),
    close: () => client.close(),
  };
}

/** A call that is being transferred is up. */
function snapshotOf({ callId, state, bridgeId }: SeenCall): CallSnapshot {
  switch (state) {
    case 'started':
      return { callId, state: 'ringing', bridgeId };
    case 'active':
    case 'transferring':
      return { callId, state: 'answered', bridgeId };
    case 'completed':
    case 'rejected':
    case 'gone':
      return { callId, state: 'ended', bridgeId };
  }
}

function liveCallOf({ state, tag, ...call }: ListedLiveCall): LiveCall {
  return { ...call, state: state === 'active' ? 'answered' : 'ringing', correlation: tag };
}
