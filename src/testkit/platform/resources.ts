/** The JSON of a leg and of a bridge in replies to GET. */
import type { Bridge, Leg } from './scenario';

const iso = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString();

export function callResource(leg: Leg, userPath: string): Record<string, unknown> {
  const ended = leg.rejected ? 'rejected' : 'completed';
  return {
    id: leg.id,
    direction: leg.role === 'caller' ? 'in' : 'out',
    from: leg.from,
    to: leg.to,
    state: { ringing: 'started', active: 'active', ended }[leg.state],
    startTime: iso(leg.startedAt),
    activeTime: iso(leg.activeAt),
    endTime: iso(leg.endedAt),
    callbackUrl: leg.callbackUrl,
    callTimeout: leg.callTimeout,
    bridgeId: leg.bridge?.id,
    tag: leg.tag,
    events: `${userPath}/calls/${leg.id}/events`,
  };
}

export function bridgeResource(bridge: Bridge, userPath: string): Record<string, unknown> {
  const up = bridge.legs.filter((leg) => leg.state !== 'ended').length;
  return {
    id: bridge.id,
    state: up === 0 ? 'completed' : 'active',
    bridgeAudio: true,
    calls: `${userPath}/bridges/${bridge.id}/calls`,
    createdTime: iso(bridge.createdAt),
  };
}
