/** Applications, numbers, domains and endpoints, as far as apps and SDKs need them at start. */
import { bare, created, failure, OK, page, text, type Body, type Reply } from './replies';

type Item = Body & { id: string };

export interface AccountOptions {
  userPath: string;
  /** The number of the played calls, E.164. */
  number: string;
  /** The endpoint of the played calls. */
  endpoint: string;
}

export interface Account {
  /** Whether it is a number or an endpoint of the account, which calls may show as `from`. */
  owns(address: string): boolean;
  /** Returns undefined if the route does not exist. */
  handle(method: string, path: readonly string[], query: URLSearchParams, body: Body): Reply | undefined;
  /** Handles `/availableNumbers/…`, which is not below a user. */
  availableNumbers(method: string, kind: string, query: URLSearchParams): Reply | undefined;
}

const PREFIXES: ReadonlyMap<string, string> = new Map([
  ['applications', 'a'],
  ['phoneNumbers', 'n'],
  ['domains', 'rd'],
  ['endpoints', 're'],
]);
const SIP_SUFFIX = 'bwapp.bwsip.io';

export function createAccount({ userPath, number, endpoint }: AccountOptions): Account {
  const collections = new Map<string, Map<string, Item>>();
  const owned = new Set([bare(number), bare(endpoint)]);
  let ids = 0;
  let sold = 0;

  const collection = (path: string): Map<string, Item> => {
    const found = collections.get(path) ?? new Map<string, Item>();
    collections.set(path, found);
    return found;
  };

  function add(path: string, name: string, fields: Body): Item {
    const id = `${PREFIXES.get(name) ?? 'x'}-testkit${++ids}`;
    const item = { ...fields, id };
    collection(path).set(id, item);
    return item;
  }

  function addNumber(wanted: string, fields: Body): Item {
    owned.add(bare(wanted));
    const nationalNumber = wanted.replace(/^\+1/, '');
    return add('phoneNumbers', 'phoneNumbers', { ...fields, number: wanted, nationalNumber, numberState: 'enabled' });
  }

  function addEndpoint(domain: Item, { credentials: _credentials, ...fields }: Body): Item {
    const [name, realm] = [text(fields['name']) ?? '', `${text(domain['name']) ?? ''}.${SIP_SUFFIX}`];
    const sipUri = `sip:${name}@${realm}`;
    owned.add(bare(sipUri));
    return add(`domains/${domain.id}/endpoints`, 'endpoints', {
      enabled: true,
      ...fields,
      domainId: domain.id,
      sipUri,
      credentials: { realm, username: name },
    });
  }

  const [user = '', host = ''] = bare(endpoint).split('@');
  const application = add('applications', 'applications', { name: 'test kit', autoAnswer: false });
  addNumber(number, { name: 'test kit', applicationId: application.id });
  const ownDomain = add('domains', 'domains', { name: host.replace(`.${SIP_SUFFIX}`, '') });
  addEndpoint(ownDomain, { name: user, applicationId: application.id });

  function create(path: string, name: string, body: Body): Reply {
    const parent = path.startsWith('domains/') ? collection('domains').get(path.split('/')[1] ?? '') : undefined;
    const named = text(body['name']);
    if (name !== 'phoneNumbers' && !named) return failure(400, 'validation-error', 'name is required');
    const taken = [...collection(path).values()].some((item) => item['name'] === named);
    if (taken && (name === 'domains' || name === 'endpoints')) return failure(409, `${name.slice(0, -1)}-name-exists`);
    if (name === 'phoneNumbers') {
      const wanted = text(body['number']);
      if (!wanted) return failure(400, 'validation-error', 'number is required');
      return created(`${userPath}/phoneNumbers/${addNumber(wanted, body).id}`);
    }
    const item = name === 'endpoints' && parent ? addEndpoint(parent, body) : add(path, name, body);
    return created(`${userPath}/${path}/${item.id}`);
  }

  function one(items: Map<string, Item>, method: string, name: string, id: string, body: Body): Reply {
    const key = decodeURIComponent(id);
    const item = items.get(key) ?? [...items.values()].find((each) => each['number'] === key);
    if (!item) return failure(404, `${name.slice(0, -1)}-not-found`);
    if (method === 'GET') return { status: 200, body: item };
    if (method === 'DELETE') items.delete(item.id);
    else Object.assign(item, body, { id: item.id });
    return OK;
  }

  return {
    owns: (address) => owned.has(bare(address)),

    handle(method, path, query, body) {
      const [root = '', rootId, sub, subId, last] = path;
      if (root === 'account' && rootId === undefined && method === 'GET')
        return { status: 200, body: { balance: '1000.00', accountType: 'pre-pay' } };
      if ((root === 'account' || root === 'errors') && method === 'GET') return page([], `${userPath}/${root}`, query);
      if (!['applications', 'phoneNumbers', 'domains'].includes(root) || !['GET', 'POST', 'DELETE'].includes(method))
        return undefined;
      const nested = root === 'domains' && sub === 'endpoints';
      if (sub !== undefined && !nested) return undefined;
      if (nested && !collection('domains').has(rootId ?? '')) return failure(404, 'domain-not-found');
      const name = nested ? 'endpoints' : root;
      const at = nested ? `domains/${rootId ?? ''}/endpoints` : root;
      const id = nested ? subId : rootId;
      if (last === 'tokens' && method === 'POST')
        return { status: 201, body: { token: `token-${++ids}`, expires: 3600 } };
      if (last !== undefined) return undefined;
      if (id !== undefined) return one(collection(at), method, name, id, body);
      if (method === 'POST') return create(at, name, body);
      if (method !== 'GET') return undefined;
      const application = query.get('applicationId');
      const items = [...collection(at).values()].filter(
        (item) => application === null || item['applicationId'] === application,
      );
      return page(items, `${userPath}/${at}`, query);
    },

    availableNumbers(method, kind, query) {
      if (!['local', 'tollFree'].includes(kind) || !['GET', 'POST'].includes(method)) return undefined;
      const quantity = Math.min(Math.max(Number(query.get('quantity') ?? 1) || 1, 1), 100);
      const numbers = Array.from({ length: quantity }, () => {
        const wanted = `+1555777${String(++sold).padStart(4, '0')}`;
        const fields = { number: wanted, nationalNumber: wanted.slice(2), price: '0.35' };
        if (method === 'GET') return fields;
        const { id } = addNumber(wanted, {});
        return { ...fields, location: `${userPath}/phoneNumbers/${id}` };
      });
      return { status: 200, body: numbers };
    },
  };
}
