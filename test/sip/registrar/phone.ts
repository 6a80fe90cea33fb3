/** A registrar and an authenticator without sockets, and phones that send literal messages to it. */
import { createHash } from 'node:crypto';
import type { SipEndpoint } from '../../../src/sip/accounts';
import { createDomains, type Domains, type Endpoint } from '../../../src/platform/resources/domains';
import { createAuthenticator, type AuthenticatorOptions } from '../../../src/sip/authenticator';
import type { SipRequest, SipResponse } from '../../../src/sip/message';
import { parseMessage } from '../../../src/sip/parse';
import { printMessage } from '../../../src/sip/print';
import { createRegistrar, type RegistrarLimits } from '../../../src/sip/registrar';
import type { ServerTransaction } from '../../../src/sip/transaction/transaction';
import type { Flow, TransportName } from '../../../src/sip/transport/transport';
import { silentLog as log } from '../../helpers/silent-log';

export const REALM = 'xyz-corp-testing.bwapp.bwsip.io';
export const AOR = `sip:bob@${REALM}`;
export const PASSWORD = 'zanzibar';

export interface FakeFlow extends Flow {
  close(): void;
}

let connections = 0;

export function flowFrom(host: string, port: number, transport: TransportName = 'UDP'): FakeFlow {
  const listeners = new Set<() => void>();
  const state = { open: true };
  return {
    transport,
    reliable: transport !== 'UDP',
    local: { host: '203.0.113.1', port: 5060 },
    remote: { host, port },
    id: transport === 'UDP' ? `UDP ${host}:${port}` : `${transport} ${++connections}`,
    get open() {
      return state.open;
    },
    send: () => undefined,
    onClose(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      state.open = false;
      for (const listener of listeners) listener();
    },
  };
}

/** Parses a message with LF line ends. */
export function request(text: string): SipRequest {
  return requestOf(Buffer.from(text.replace(/^\n/, '').replace(/\n/g, '\r\n')));
}

/** Parses a message with CRLF line ends. */
export function requestOf(data: Buffer): SipRequest {
  const parsed = parseMessage(data, 'datagram');
  if (parsed.kind !== 'message' || parsed.message.kind !== 'request') throw new Error(`no request: ${parsed.kind}`);
  return parsed.message;
}

export interface Challenged {
  realm: string;
  nonce: string;
  stale: boolean;
}

/** The parameters of the MD5 challenge in a 401. */
export function challengeOf(response: SipResponse | undefined): Challenged {
  const value = response?.headers.all('www-authenticate').find((header) => header.includes('algorithm=MD5')) ?? '';
  const param = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(value)?.[1] ?? '';
  return { realm: param('realm'), nonce: param('nonce'), stale: value.includes('stale=true') };
}

export interface Answer {
  username?: string;
  password?: string;
  method?: string;
  uri?: string;
  algorithm?: 'MD5' | 'SHA-256' | undefined;
  nc?: string;
  cnonce?: string;
  qop?: boolean;
}

/** Creates `Authorization` without the tested code. */
export function authorization({ realm, nonce }: { realm: string; nonce: string }, answer: Answer = {}): string {
  const { username = 'bob', password = PASSWORD, method = 'REGISTER', uri = `sip:${REALM}`, qop = true } = answer;
  const { nc = '00000001', cnonce = '0a4f113b', algorithm } = answer;
  const h = (text: string): string =>
    createHash(algorithm === 'SHA-256' ? 'sha256' : 'md5')
      .update(text)
      .digest('hex');
  const [ha1, ha2] = [h(`${username}:${realm}:${password}`), h(`${method}:${uri}`)];
  const response = h(qop ? `${ha1}:${nonce}:${nc}:${cnonce}:auth:${ha2}` : `${ha1}:${nonce}:${ha2}`);
  return (
    `Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}"` +
    (algorithm ? `, algorithm=${algorithm}` : '') +
    (qop ? `, qop=auth, nc=${nc}, cnonce="${cnonce}"` : '')
  );
}

export interface World {
  domains: Domains;
  bob: Endpoint;
  registrar: ReturnType<typeof createRegistrar>;
  /** Notifications: `online sip:…` and `offline sip:… reason`. */
  told: string[];
  /** Sends a message to the registrar. */
  register(text: string | SipRequest, flow?: Flow): SipResponse;
  /** Sends a message to the authenticator only. */
  authenticate(text: string | SipRequest, flow?: Flow): { endpoint: SipEndpoint | undefined; response?: SipResponse };
}

type Connect = NonNullable<Parameters<typeof createRegistrar>[0]['connect']>;

export const HERE = flowFrom('192.0.2.201', 5060);

export function world(
  options: Partial<AuthenticatorOptions> & {
    limits?: Partial<RegistrarLimits>;
    open?: boolean;
    connect?: Connect;
  } = {},
): World {
  const told: string[] = [];
  const domains = createDomains((endpointId, why) => registrar.forget(endpointId, why));
  const domain = domains.create('xyz-corp-testing');
  const bob = domains.addEndpoint(domain, { name: 'bob', enabled: true, password: PASSWORD });
  const authenticator = createAuthenticator({ domains, log, ...options });
  const registrar = createRegistrar({
    domains,
    // In tests of bindings, every sender is bob.
    authenticator: options.open ? { authenticate: () => bob, usersOf: () => new Set() } : authenticator,
    log,
    ...(options.limits && { limits: options.limits }),
    ...(options.connect && { connect: options.connect }),
    ...(options.now && { now: options.now }),
    events: {
      online: (_endpoint, contact) => told.push(`online ${contact.uri}`),
      offline: (_endpoint, contact, reason) => told.push(`offline ${contact.uri} ${reason}`),
    },
  });
  const transaction = (text: string | SipRequest, flow: Flow): ServerTransaction & { response?: SipResponse } => {
    const made: ServerTransaction & { response?: SipResponse } = {
      request: typeof text === 'string' ? request(text) : text,
      flow,
      respond(response) {
        if (made.response) throw new Error('answered twice');
        // Unparsable data is not a response.
        const parsed = parseMessage(printMessage(response), 'datagram');
        if (parsed.kind !== 'message' || parsed.message.kind !== 'response') throw new Error('unreadable answer');
        made.response = parsed.message;
      },
    };
    return made;
  };
  return {
    ...{ domains, bob, registrar, told },
    register(text, flow = HERE) {
      const made = transaction(text, flow);
      registrar.register(made);
      if (!made.response) throw new Error('no answer');
      return made.response;
    },
    authenticate(text, flow = HERE) {
      const made = transaction(text, flow);
      const endpoint = authenticator.authenticate(made);
      if ((endpoint === undefined) !== (made.response !== undefined))
        throw new Error('answered and let in, or neither');
      return { endpoint, ...(made.response && { response: made.response }) };
    },
  };
}
