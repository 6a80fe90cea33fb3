/** All calls and bridges of the account. */
import type { InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import { normaliseSipUri } from '../../addresses/sip-uri';
import { BridgeOverflowError, NotFoundError } from '../errors';
import type { Dial } from '../lines/line';
import type { ErrorLog } from '../resources/error-log';
import { createRetention, type RetentionLimits } from '../retention';
import type { Timers } from '../../support/timers';
import type { Uris } from '../uris';
import { Bridge, MAX_BRIDGED_CALLS } from './bridge';
import { Call, type CallSettings } from './call';
import type { Delivery } from './delivery';

export interface CallFilter {
  from?: string | undefined;
  to?: string | undefined;
  bridgeId?: string | undefined;
}

export interface Calls {
  /** Dials a call. @param bridge the bridge that the call joins at once */
  dial(settings: Omit<CallSettings, 'direction'>, bridge?: Bridge): Call;
  /** Creates an incoming call. The caller of this method attaches its line. */
  create(settings: CallSettings): Call;
  find(id: string): Call | undefined;
  /** @throws NotFoundError */
  get(id: string): Call;
  /** Returns the calls of these ids. @throws BridgeOverflowError if there are too many, NotFoundError */
  forBridge(ids: readonly string[]): Call[];
  /** Whether this party has an active incoming call. */
  isCalling(party: string): boolean;
  /** Oldest first. */
  list(filter: CallFilter): Call[];
  createBridge(calls: readonly Call[], bridgeAudio: boolean): Bridge;
  /** @throws NotFoundError */
  bridge(id: string): Bridge;
  bridges(): Bridge[];
}

export interface CallsDeps {
  dial: Dial;
  delivery: Delivery;
  errors: ErrorLog;
  internalErrors: InternalErrors;
  timers: Timers;
  uris: Uris;
  retention: RetentionLimits;
  /** Called for each new call before its first event. */
  created?: ((call: Call) => void) | undefined;
  log: Logger;
}

export function createCalls(deps: CallsDeps): Calls {
  const { errors, internalErrors, timers, uris, log } = deps;
  const calls = new Map<string, Call>();
  const bridges = new Map<string, Bridge>();
  const endedCalls = createRetention<string>(deps.retention, (id) => calls.delete(id));
  const endedBridges = createRetention<string>(deps.retention, (id) => bridges.delete(id));

  const create = (settings: CallSettings): Call => {
    const call = new Call(settings, { queue: deps.delivery.createQueue(), errors, internalErrors, timers, uris, log });
    call.watch({ ended: () => endedCalls.add(call.id) });
    calls.set(call.id, call);
    deps.created?.(call);
    return call;
  };

  const get = (id: string): Call => {
    const call = calls.get(id);
    if (!call) throw new NotFoundError('call', id);
    return call;
  };

  return {
    dial(settings, bridge) {
      bridge?.check();
      const call = create({ ...settings, direction: 'out' });
      const { from, to, sipHeaders, privacy } = settings;
      call.attach(deps.dial({ callId: call.id, from, to, sipHeaders, privacy }, call));
      bridge?.join(call);
      return call;
    },
    create,
    find: (id) => calls.get(id),
    get,
    forBridge(ids) {
      if (ids.length > MAX_BRIDGED_CALLS)
        throw new BridgeOverflowError(`callIds: must have at most ${MAX_BRIDGED_CALLS} calls`);
      return ids.map(get);
    },
    isCalling(party) {
      const is = ({ over, settings }: Call) => !over && settings.direction === 'in' && settings.from === party;
      return [...calls.values()].some(is);
    },
    list({ from, to, bridgeId }) {
      const sameParty = (party: string, wanted: string | undefined): boolean =>
        wanted === undefined || party === wanted || normalise(party) === normalise(wanted);
      return [...calls.values()].filter(
        (call) =>
          sameParty(call.settings.from, from) &&
          sameParty(call.settings.to, to) &&
          (bridgeId === undefined || call.bridge?.id === bridgeId),
      );
    },
    createBridge(members, bridgeAudio) {
      const bridge = new Bridge(bridgeAudio, log, ({ id }) => endedBridges.add(id));
      if (members.length > 0) bridge.setCalls(members);
      bridges.set(bridge.id, bridge);
      log.info(
        { event: 'bridge-created', bridgeId: bridge.id, callIds: members.map(({ id }) => id) },
        'bridge created',
      );
      return bridge;
    },
    bridge(id) {
      const bridge = bridges.get(id);
      if (!bridge) throw new NotFoundError('bridge', id);
      return bridge;
    },
    bridges: () => [...bridges.values()],
  };
}

/** Returns SIP URIs in their canonical form, and numbers unchanged. */
function normalise(party: string): string {
  return normaliseSipUri(party) ?? party;
}
