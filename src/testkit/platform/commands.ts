/** The commands and queries of the v1 API: what each does to the legs, and its answer. Faults come on top, elsewhere. */
import { bridgeResource, callResource } from './resources';
import { PHONE, LINE, type Bridge, type Leg, type Scenario } from './scenario';
import type { Switchboard } from './switchboard';

export interface Reply {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** A request that has been understood: which call it is about, and what it would do. */
export interface Command {
  name: string;
  /** What is written down beside the name. */
  about: string;
  query: boolean;
  scenario: Scenario | undefined;
  take: () => Reply;
}

export interface Commands {
  read(method: string, path: string, query: URLSearchParams, body: Record<string, unknown>): Command | undefined;
}

export const failure = (status: number, code: string, message = code): Reply => ({
  status,
  body: { category: status === 403 ? 'limit' : 'bad-request', code, message, details: [] },
});

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const bare = (address: string): string => address.replace(/^sip:/i, '').toLowerCase();

interface CommandsOptions {
  switchboard: Switchboard;
  /** The scenario that a new leg belongs to. */
  claim: (tag: string | undefined, to: string) => Scenario;
  userPath: string;
}

export function createCommands({ switchboard, claim, userPath }: CommandsOptions): Commands {
  const { legs, bridges } = switchboard;

  function createCall(body: Record<string, unknown>): Command {
    const [from, to, callbackUrl, tag] = [body['from'], body['to'], body['callbackUrl'], body['tag']].map(text);
    const callTimeout = Number(body['callTimeout'] ?? 60);
    const scenario = claim(tag, to ?? '');
    const take = (): Reply => {
      if (!from || !to) return failure(400, 'validation-error', 'from and to are required');
      if (bare(from) !== LINE && bare(from) !== bare(PHONE)) return failure(403, 'number-access-denied');
      if (!(callTimeout > 0 && callTimeout <= 300)) return failure(400, 'validation-error', 'callTimeout');
      if (!callbackUrl) scenario.journal.violation('a dial without callbackUrl: nobody will hear of the callee');
      const leg = switchboard.dial(scenario, { from, to, callbackUrl: callbackUrl ?? '', tag, callTimeout });
      return { status: 201, headers: { location: `${userPath}/calls/${leg.id}` } };
    };
    return {
      name: 'create-call',
      about: `${from ?? '?'} -> ${to ?? '?'}, tag ${tag ?? 'none'}`,
      query: false,
      scenario,
      take,
    };
  }

  /** What a command for a call that is over gets: which 4xx it is, the documentation leaves open. */
  const over = (leg: Leg): Reply =>
    leg.scenario.prng.pick([failure(404, 'call-not-found'), failure(400, 'call-invalid-state')]);

  function updateCall(leg: Leg, state: string): Reply {
    if (leg.state === 'ended') return over(leg);
    const unanswered = leg.role === 'caller' && leg.state === 'ringing' && !leg.pickingUp;
    if (state === 'completed' && unanswered && leg.scenario.strict) return failure(400, 'call-invalid-state');
    if (state === 'completed') switchboard.end(leg, 'NORMAL_CLEARING');
    else if (leg.role === 'callee') return failure(400, 'validation-error', `an outgoing call cannot become ${state}`);
    else if (state === 'active') switchboard.pickUp(leg);
    else if (state !== 'rejected') return failure(400, 'validation-error', `state ${state}`);
    else if (leg.state === 'active' || leg.pickingUp) return failure(400, 'call-invalid-state', 'already answered');
    else switchboard.end(leg, 'CALL_REJECTED');
    return { status: 200 };
  }

  function speak(leg: Leg, body: Record<string, unknown>): Reply {
    const sentence = text(body['sentence']);
    const { scenario } = leg;
    if (!sentence) return failure(400, 'validation-error', 'sentence');
    if (leg.state !== 'active') return leg.state === 'ended' ? over(leg) : failure(400, 'call-invalid-state');
    if (leg.speeches.length > 0 && !scenario.unconfirmed.delete('speak')) scenario.journal.violation('spoken twice');
    switchboard.speak(leg, sentence, text(body['tag']));
    return { status: 200 };
  }

  function createBridge(ids: string[]): Reply {
    const pair = ids.map((id) => legs.get(id));
    const [first, second] = pair;
    if (!first || !second || pair.length !== 2) return failure(404, 'call-not-found');
    const { scenario } = first;
    if (scenario !== second.scenario)
      scenario.journal.violation(`legs of two different calls bridged: ${ids.join(' ')}`);
    if (first.bridge ?? second.bridge) {
      // Once more is harmless where the reply to the first was lost, and only there.
      if (!scenario.unconfirmed.delete('bridge')) scenario.journal.violation('two bridges for one pair');
      return failure(400, 'bridge-bridged-callId');
    }
    const gone = [first, second].find((leg) => leg.state === 'ended');
    if (gone) return failure(400, 'bridge-invalid-state', `${gone.id} is over`);
    const ringing = [first, second].find((leg) => leg.state === 'ringing');
    if (ringing) scenario.journal.violation(`bridged a ringing leg: ${ringing.role} ${ringing.id}`);
    const bridge = switchboard.bridge([first, second]);
    return { status: 201, headers: { location: `${userPath}/bridges/${bridge.id}` } };
  }

  function listCalls(query: URLSearchParams): Reply {
    const [from, to, bridgeId] = ['from', 'to', 'bridgeId'].map((name) => query.get(name));
    const page = Number(query.get('page') ?? 0);
    const size = Number(query.get('size') ?? 25);
    if (!(size >= 1 && size <= 1000 && page >= 0)) return failure(400, 'validation-error', 'page or size');
    const found = [...legs.values()].filter(
      (leg) =>
        (!from || bare(leg.from) === bare(from)) &&
        (!to || bare(leg.to) === bare(to)) &&
        (!bridgeId || leg.bridge?.id === bridgeId),
    );
    if (query.get('sortOrder') !== 'asc') found.reverse();
    const next = new URLSearchParams(query);
    next.set('page', String(page + 1));
    next.set('size', String(size));
    const more = found.length > (page + 1) * size;
    return {
      status: 200,
      body: found.slice(page * size, (page + 1) * size).map((leg) => callResource(leg, userPath)),
      headers: more ? { link: `<${userPath}/calls?${next.toString()}>; rel="next"` } : {},
    };
  }

  const STATE_NAMES: Record<string, string> = { active: 'answer', rejected: 'reject', completed: 'hang-up' };

  return {
    read(method, path, query, body) {
      const [collection, id, sub, ...rest] = path.split('/');
      if (rest.length > 0 || id === '' || sub === '') return undefined;
      const route = [method, collection, id && ':id', sub].filter(Boolean).join(' ');
      const leg = collection === 'calls' && id ? legs.get(id) : undefined;
      const bridge = collection === 'bridges' && id ? bridges.get(id) : undefined;
      const ofLeg = (name: string, take: (leg: Leg) => Reply): Command => ({
        name,
        about: leg ? `${leg.role} ${leg.id}` : (id ?? ''),
        query: method === 'GET',
        scenario: leg?.scenario,
        take: () => (leg ? take(leg) : failure(404, 'call-not-found')),
      });
      const ofBridge = (name: string, take: (bridge: Bridge) => Reply): Command => ({
        name,
        about: id ?? '',
        query: true,
        scenario: bridge?.legs[0]?.scenario,
        take: () => (bridge ? take(bridge) : failure(404, 'bridge-not-found')),
      });
      switch (route) {
        case 'POST calls':
          return createCall(body);
        case 'GET calls':
          return {
            name: 'list-calls',
            about: query.toString(),
            query: true,
            scenario: undefined,
            take: () => listCalls(query),
          };
        case 'GET calls :id':
          return ofLeg('get-call', (found) => ({ status: 200, body: callResource(found, userPath) }));
        case 'POST calls :id': {
          const state = text(body['state']) ?? '';
          return ofLeg(STATE_NAMES[state] ?? 'update', (found) => updateCall(found, state));
        }
        case 'POST calls :id audio':
          return ofLeg('speak', (found) => speak(found, body));
        case 'POST bridges': {
          const ids = Array.isArray(body['callIds']) ? body['callIds'].map(String) : [];
          const scenario = legs.get(ids[0] ?? '')?.scenario;
          return { name: 'bridge', about: ids.join(' + '), query: false, scenario, take: () => createBridge(ids) };
        }
        case 'GET bridges :id':
          return ofBridge('get-bridge', (found) => ({ status: 200, body: bridgeResource(found, userPath) }));
        case 'GET bridges :id calls':
          return ofBridge('list-bridge-calls', (found) => ({
            status: 200,
            body: found.legs.map((each) => callResource(each, userPath)),
          }));
        default:
          return undefined;
      }
    },
  };
}
