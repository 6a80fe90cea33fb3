/** The JSON of calls, events and bridges. */
import type { BridgeResource, CallResource } from '../../v1-wire/resources';
import { wireTime } from '../../v1-wire/times';
import type { Bridge } from '../calls/bridge';
import type { Call } from '../calls/call';
import type { CallEvent } from '../calls/delivery';
import type { Uris } from '../uris';

export function showCall(call: Call, uris: Uris): CallResource {
  const { id, settings, startTime, activeTime, endTime, bridge } = call;
  const { direction, from, to, callback, callTimeout, tag, sipHeaders, recordingEnabled } = settings;
  return {
    id,
    direction,
    from,
    to,
    state: call.state,
    startTime: wireTime(startTime),
    activeTime: activeTime && wireTime(activeTime),
    endTime: endTime && wireTime(endTime),
    callbackUrl: callback?.url,
    callbackHttpMethod: callback?.method,
    callbackTimeout: callback?.timeoutMs,
    fallbackUrl: callback?.fallbackUrl,
    callTimeout: direction === 'out' ? callTimeout : undefined,
    chargeableDuration:
      activeTime && endTime ? Math.ceil((endTime.getTime() - activeTime.getTime()) / 1000) : undefined,
    bridgeId: bridge?.id,
    bridge: bridge && uris.absolute(`bridges/${bridge.id}`),
    tag,
    sipHeaders,
    recordingEnabled: recordingEnabled ?? false,
    events: uris.absolute(`calls/${id}/events`),
    recordings: uris.absolute(`calls/${id}/recordings`),
  };
}

/** The field of an event that `data` contains. */
const DATA_FIELDS = ['cause', 'status', 'dtmfDigit', 'digits'] as const;

export function showEvent({ id, name, fields }: CallEvent) {
  const field = DATA_FIELDS.find((known) => Object.hasOwn(fields, known));
  return { id, time: fields['time'], name, data: field && fields[field] };
}

export function showBridge(bridge: Bridge, uris: Uris): BridgeResource & { callIds: string[] } {
  const { id, state, bridgeAudio, createdTime, activatedTime, completedTime } = bridge;
  return {
    id,
    state,
    bridgeAudio,
    callIds: bridge.calls.map((call) => call.id),
    calls: uris.absolute(`bridges/${id}/calls`),
    createdTime: wireTime(createdTime),
    activatedTime: activatedTime && wireTime(activatedTime),
    completedTime: completedTime && wireTime(completedTime),
  };
}
