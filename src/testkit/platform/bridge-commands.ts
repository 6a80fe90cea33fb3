/** Effects and replies of the commands for bridges. */
import { created, failure, OK, type Body, type Reply } from './replies';
import { nameOf, type Bridge, type Leg, type Scenario } from './scenario';
import type { Switchboard } from './switchboard';

export interface BridgeCommands {
  create(scenario: Scenario | undefined, body: Body): Reply;
  update(bridge: Bridge, body: Body): Reply;
}

export const callIdsOf = (body: Body): string[] => (Array.isArray(body['callIds']) ? body['callIds'].map(String) : []);

export function createBridgeCommands(switchboard: Switchboard, userPath: string): BridgeCommands {
  /** Returns the legs, or the reply that refuses to bridge them. @param into the bridge of an update */
  function take(ids: readonly string[], into?: Bridge): { legs: Leg[] } | { refused: Reply } {
    if (ids.length > 2) return { refused: failure(403, 'bridge-callIds-overflow') };
    const legs = ids.map((id) => switchboard.legs.get(id)).filter((leg) => leg !== undefined);
    if (legs.length < ids.length) return { refused: failure(404, 'call-not-found') };
    const [first] = legs;
    if (!first) return { legs };
    const { scenario } = first;
    const { journal } = scenario;
    if (legs.some((leg) => leg.scenario !== scenario))
      journal.violation('foreign-bridge', `legs of two different calls bridged: ${ids.join(' ')}`);
    if (legs.some((leg) => leg.bridge && leg.bridge !== into)) {
      // Repeating the command is allowed only if the first reply was lost.
      if (!scenario.unconfirmed.delete('bridge')) journal.violation('double-bridge', 'two bridges for one pair');
      return { refused: failure(400, 'bridge-bridged-callId') };
    }
    const gone = legs.find((leg) => leg.state === 'ended');
    if (gone) scenario.commandsTooLate += 1;
    if (gone) return { refused: failure(400, 'bridge-invalid-state', `${gone.id} is over`) };
    const ringing = legs.find((leg) => leg.state === 'ringing');
    if (ringing) journal.violation('bridged-not-active', `bridged a ringing leg: ${nameOf(ringing)} ${ringing.id}`);
    return { legs };
  }

  return {
    create(scenario, body) {
      const taken = take(callIdsOf(body));
      if ('refused' in taken) return taken.refused;
      const owner = taken.legs[0]?.scenario ?? scenario;
      if (!owner) return failure(400, 'validation-error', 'callIds');
      return created(`${userPath}/bridges/${switchboard.bridge(owner, taken.legs).id}`);
    },
    update(bridge, body) {
      const taken = take(callIdsOf(body), bridge);
      if ('refused' in taken) return taken.refused;
      switchboard.join(bridge, taken.legs);
      return OK;
    },
  };
}
