/** Effects and replies of the commands for calls, without faults. */
import type { Account } from './account';
import { bare, created, failure, isHttpUrl, number, OK, text, type Body, type Reply } from './replies';
import { nameOf, type Leg, type Scenario } from './scenario';
import type { Callback, Switchboard } from './switchboard';

export interface CallCommandsOptions {
  switchboard: Switchboard;
  account: Pick<Account, 'owns'>;
  userPath: string;
  /** Overrides the default of ten seconds, ms. */
  callbackTimeoutMs: number | undefined;
}

export interface CallCommands {
  create(scenario: Scenario, body: Body): Reply;
  update(leg: Leg, body: Body): Reply;
  audio(leg: Leg, body: Body): Reply;
  dtmf(leg: Leg, body: Body): Reply;
  gather(leg: Leg, body: Body): Reply;
}

const PLATFORM_CALLBACK_TIMEOUT_MS = 10_000;

export function createCallCommands(options: CallCommandsOptions): CallCommands {
  const { switchboard, account, userPath, callbackTimeoutMs } = options;
  let gathers = 0;

  /** The reply to a command for an ended call. The documentation does not say which 4xx it is. */
  const over = (leg: Leg): Reply => {
    leg.scenario.commandsTooLate += 1;
    return leg.scenario.prng.pick([failure(404, 'call-not-found'), failure(400, 'call-invalid-state')]);
  };
  const refuseInactive = (leg: Leg): Reply | undefined => {
    if (leg.state === 'active') return undefined;
    return leg.state === 'ended' ? over(leg) : failure(400, 'call-invalid-state');
  };

  function callbackOf(body: Body): Callback {
    const fallbackUrl = text(body['fallbackUrl']);
    const timeoutMs = number(body['callbackTimeout']);
    return {
      callbackUrl: text(body['callbackUrl']) ?? '',
      ...(fallbackUrl !== undefined && { fallbackUrl }),
      callbackMethod: text(body['callbackHttpMethod'])?.toUpperCase() === 'GET' ? 'GET' : 'POST',
      callbackTimeoutMs:
        callbackTimeoutMs ?? Math.min(timeoutMs ?? PLATFORM_CALLBACK_TIMEOUT_MS, PLATFORM_CALLBACK_TIMEOUT_MS),
    };
  }

  function transfer(leg: Leg, body: Body): Reply {
    const to = text(body['transferTo']);
    if (!to) return failure(400, 'validation-error', 'transferTo is required');
    const { callbackUrl, fallbackUrl, callbackMethod, callbackTimeoutMs: timeoutMs } = leg;
    const inherited = {
      callbackUrl,
      callbackMethod,
      callbackTimeoutMs: timeoutMs,
      ...(fallbackUrl && { fallbackUrl }),
    };
    const made = switchboard.dial(leg.scenario, {
      ...inherited,
      ...(text(body['callbackUrl']) !== undefined && callbackOf(body)),
      from: text(body['transferCallerId']) ?? leg.to,
      to,
      tag: text(body['tag']) ?? leg.tag,
      callTimeout: number(body['callTimeout']) ?? 60,
      transferOf: leg,
    });
    return created(`${userPath}/calls/${made.id}`);
  }

  return {
    create(scenario, body) {
      const { journal } = scenario;
      const [from, to] = [text(body['from']), text(body['to'])];
      const bad = (why: string): Reply => {
        journal.violation('bad-request', `create-call: ${why}`);
        return failure(400, 'validation-error', why);
      };
      if (!from || !to) return bad('from and to are required');
      if (!account.owns(from)) {
        journal.violation('foreign-number', `a dial from ${from}, which is not a number of the account`);
        return failure(403, 'number-access-denied');
      }
      const callTimeout = number(body['callTimeout']) ?? 60;
      if (!(callTimeout > 0 && callTimeout <= 300)) return bad('callTimeout must be between 1 and 300 seconds');
      const callback = callbackOf(body);
      if (!callback.callbackUrl)
        journal.violation('no-callback-url', 'a dial without callbackUrl: the app will get no events of the callee');
      else if (!isHttpUrl(callback.callbackUrl)) {
        journal.violation(
          'bad-request',
          `create-call: callbackUrl must be an http or https URL (got "${callback.callbackUrl}")`,
        );
        return failure(400, 'callback-url-invalid');
      }
      const bridgeId = text(body['bridgeId']);
      const joins = bridgeId === undefined ? undefined : switchboard.bridges.get(bridgeId);
      if (bridgeId !== undefined && !joins) return failure(404, 'bridge-not-found');
      if (scenario.script.dialRefused) return failure(400, 'validation-error', 'this number cannot be called');
      const call = { from, to, tag: text(body['tag']), callTimeout, ...callback, ...(joins && { joins }) };
      return created(`${userPath}/calls/${switchboard.dial(scenario, call).id}`);
    },

    update(leg, body) {
      const state = text(body['state']);
      if (leg.state === 'ended') return over(leg);
      if (state === undefined) {
        const callbackUrl = text(body['callbackUrl']);
        if (callbackUrl !== undefined) leg.callbackUrl = callbackUrl;
        return OK;
      }
      const unanswered = leg.role === 'caller' && leg.state === 'ringing' && !leg.pickingUp;
      if (state === 'completed' && unanswered && leg.scenario.strict) return failure(400, 'call-invalid-state');
      if (state === 'completed') switchboard.end(leg, 'NORMAL_CLEARING');
      else if (leg.role === 'callee')
        return failure(400, 'validation-error', `an outgoing call cannot become ${state}`);
      else if (state === 'active') switchboard.pickUp(leg);
      else if (state === 'transferring') return transfer(leg, body);
      else if (state !== 'rejected') return failure(400, 'validation-error', `state ${state}`);
      else if (leg.state === 'active' || leg.pickingUp) return failure(400, 'call-invalid-state', 'already answered');
      else switchboard.end(leg, 'CALL_REJECTED');
      return OK;
    },

    audio(leg, body) {
      const { scenario } = leg;
      const [sentence, fileUrl] = [text(body['sentence']), text(body['fileUrl'])];
      if (sentence === undefined && fileUrl === undefined)
        return failure(400, 'validation-error', 'sentence or fileUrl');
      const refused = refuseInactive(leg);
      if (refused) return refused;
      if (fileUrl) {
        switchboard.emit(leg, 'playback', { status: 'started' });
        switchboard.emit(leg, 'playback', { status: 'done' });
      }
      if (!sentence) return OK;
      // A second sentence is a fault only in a call that consists of one sentence.
      if (scenario.kind === 'speak' && leg.speeches.length > 0 && !scenario.unconfirmed.delete('speak'))
        scenario.journal.violation('spoken-twice', 'spoken twice');
      switchboard.speak(leg, sentence, text(body['tag']));
      return OK;
    },

    dtmf(leg, body) {
      if (!/^[A-D0-9#*,wW]{1,92}$/.test(text(body['dtmfOut']) ?? ''))
        return failure(400, 'validation-error', 'dtmfOut');
      return refuseInactive(leg) ?? OK;
    },

    gather(leg, body) {
      const refused = refuseInactive(leg);
      if (refused) return refused;
      const gatherId = `g-${leg.id}-${++gathers}`;
      const tag = text(body['tag']);
      const fields = { gatherId, state: 'completed', ...(tag !== undefined && { tag }) };
      switchboard.emit(leg, 'gather', { ...fields, reason: 'inter-digit-timeout', digits: '' });
      return created(`${userPath}/calls/${leg.id}/gather/${gatherId}`);
    },
  };
}

/** Whether the leg was dialled at this address. */
export const isTo = (leg: Leg, address: string): boolean => bare(leg.to) === bare(address);

export const aboutOf = (leg: Leg): string => `${nameOf(leg)} ${leg.id}`;
