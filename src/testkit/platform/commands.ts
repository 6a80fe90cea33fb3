/** The routes of the v1 API: maps each request to a command and its call. */
import type { Account } from './account';
import { callIdsOf, createBridgeCommands } from './bridge-commands';
import { aboutOf, createCallCommands, isTo, type CallCommandsOptions } from './call-commands';
import type { Side } from './journal';
import { bare, failure, OK, page, text, type Body, type Reply } from './replies';
import { bridgeResource, callResource } from './resources';
import type { Bridge, Leg, Scenario } from './scenario';

export type { Reply } from './replies';

/** A parsed request. */
export interface Command {
  name: string;
  /** The object of the command, for the journal. */
  about: string;
  side?: Side;
  /** Whether it only reads. */
  query: boolean;
  /** Whether it is about the account, not about calls. It then gets no faults. */
  account?: boolean;
  scenario: Scenario | undefined;
  take: () => Reply;
}

export interface Commands {
  read(method: string, path: string, query: URLSearchParams, body: Body): Command | undefined;
}

interface CommandsOptions extends CallCommandsOptions {
  account: Account;
  /** Returns the scenario of a new leg. */
  claim: (call: { tag: string | undefined; to: string; callbackUrl: string }) => Scenario;
  /** Returns the scenario of a bridge without legs. */
  claimBridge: () => Scenario | undefined;
}

const STATE_NAMES: ReadonlyMap<string, string> = new Map([
  ['active', 'answer'],
  ['rejected', 'reject'],
  ['completed', 'hang-up'],
  ['transferring', 'transfer'],
]);

export function createCommands(options: CommandsOptions): Commands {
  const { switchboard, account, userPath, claim, claimBridge } = options;
  const { legs, bridges } = switchboard;
  const calls = createCallCommands(options);
  const bridging = createBridgeCommands(switchboard, userPath);

  function createCall(body: Body): Command {
    const [from, to, callbackUrl, tag] = [body['from'], body['to'], body['callbackUrl'], body['tag']].map(text);
    const scenario = claim({ tag, to: to ?? '', callbackUrl: callbackUrl ?? '' });
    const about = `${from ?? '?'} -> ${to ?? '?'}, tag ${tag ?? 'none'}`;
    return {
      name: 'create-call',
      about,
      side: 'callee',
      query: false,
      scenario,
      take: () => calls.create(scenario, body),
    };
  }

  function createBridge(body: Body): Command {
    const ids = callIdsOf(body);
    const scenario = ids.length > 0 ? legs.get(ids[0] ?? '')?.scenario : claimBridge();
    const take = (): Reply => bridging.create(scenario, body);
    return { name: 'bridge', about: ids.join(' + ') || 'empty', side: 'both', query: false, scenario, take };
  }

  function listCalls(query: URLSearchParams): Reply {
    const [from, to, bridgeId] = ['from', 'to', 'bridgeId'].map((name) => query.get(name));
    const found = [...legs.values()].filter(
      (leg) =>
        (!from || bare(leg.from) === bare(from)) &&
        (!to || isTo(leg, to)) &&
        (!bridgeId || leg.bridge?.id === bridgeId),
    );
    if (query.get('sortOrder') !== 'asc') found.reverse();
    return page(found, `${userPath}/calls`, query, show);
  }

  const show = (leg: Leg): Body => callResource(leg, userPath);
  const shown = (body: unknown): Reply => ({ status: 200, body });

  function ofCall(route: string, id: string, query: URLSearchParams, body: Body): Command | undefined {
    const leg = legs.get(id);
    const command = (name: string, isQuery: boolean, take: (leg: Leg) => Reply): Command => ({
      name,
      about: leg ? aboutOf(leg) : id,
      ...(leg && { side: leg.role }),
      query: isQuery,
      scenario: leg?.scenario,
      take: () => (leg ? take(leg) : failure(404, 'call-not-found')),
    });
    switch (route) {
      case 'GET':
        return command('get-call', true, (found) => shown(show(found)));
      case 'POST':
        return command(STATE_NAMES.get(text(body['state']) ?? '') ?? 'update', false, (found) =>
          calls.update(found, body),
        );
      case 'POST audio':
        return command('speak', false, (found) => calls.audio(found, body));
      case 'POST dtmf':
        return command('send-dtmf', false, (found) => calls.dtmf(found, body));
      case 'POST gather':
        return command('gather', false, (found) => calls.gather(found, body));
      case 'POST gather :id':
        return command('stop-gather', true, () => OK);
      case 'GET events':
      case 'GET recordings':
      case 'GET transcriptions':
        return command('get-call', true, () => page([], `${userPath}/calls/${id}`, query));
      default:
        return undefined;
    }
  }

  function ofBridge(route: string, id: string, body: Body): Command | undefined {
    const bridge = bridges.get(id);
    const command = (name: string, isQuery: boolean, take: (bridge: Bridge) => Reply): Command => ({
      name,
      about: id,
      side: 'both',
      query: isQuery,
      scenario: bridge?.legs[0]?.scenario,
      take: () => (bridge ? take(bridge) : failure(404, 'bridge-not-found')),
    });
    switch (route) {
      case 'GET':
        return command('get-bridge', true, (found) => shown(bridgeResource(found, userPath)));
      case 'POST':
        return command('bridge', false, (found) => bridging.update(found, body));
      case 'GET calls':
        return command('list-bridge-calls', true, (found) => shown(found.legs.map(show)));
      case 'POST audio':
        return command('speak', false, () => OK);
      default:
        return undefined;
    }
  }

  return {
    read(method, path, query, body) {
      const [collection = '', id, sub, subId, ...rest] = path.split('/').filter(Boolean);
      const route = [method, sub, subId && ':id'].filter(Boolean).join(' ');
      if (collection === 'calls' && id && rest.length === 0) return ofCall(route, id, query, body);
      if (collection === 'bridges' && id && rest.length === 0) return ofBridge(route, id, body);
      if (collection === 'calls' && !id && method === 'POST') return createCall(body);
      if (collection === 'bridges' && !id && method === 'POST') return createBridge(body);
      const about = { about: query.toString(), query: true, scenario: undefined };
      if (collection === 'calls' && !id && method === 'GET')
        return { name: 'list-calls', ...about, take: () => listCalls(query) };
      if (collection === 'bridges' && !id && method === 'GET')
        return { name: 'list-bridges', ...about, take: () => page([], `${userPath}/bridges`, query) };
      const reply = account.handle(method, path.split('/').filter(Boolean), query, body);
      return reply && { name: 'account', ...about, account: true, take: () => reply };
    },
  };
}
