/** The registrar (RFC 3261 10.3; flows as in RFC 5626): which phones an endpoint has, and how they are reached. */
import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { createInternalErrors, type InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import type { SipAccounts, SipEndpoint, Revocation } from '../accounts';
import { createTimers } from '../../support/timers';
import type { Authenticator } from '../authenticator';
import { unknownTags } from '../list-values';
import { responseTo } from '../respond';
import type { ServerTransaction } from '../transaction/transaction';
import type { Address, Flow } from '../transport/transport';
import { parseUri } from '../../addresses/uri';
import { applyRegister, type MakeContact } from './bindings';
import type { Contact, OfflineReason } from './contact';
import { listenerOf } from './listener';
import { OPTION_TAGS, registeredHeaders } from './register-response';
import { readRegister, type Refusal, type RegisterRequest } from './register-request';
import { createSteadyClock } from '../../support/steady-clock';

export interface RegistrarLimits {
  /** Of an endpoint. */
  maxContacts: number;
  /** Seconds. Who asks for less, but not for 0, gets 423. */
  minExpires: number;
  /** Seconds. Who asks for more, or for nothing, gets this. */
  maxExpires: number;
  /**
   * Seconds, for a phone behind a NAT over UDP: each REGISTER keeps the mapping open, which lasts for two minutes or
   * more (RFC 4787 REQ-5). What keep-alives a phone sends besides is its own affair.
   */
  maxExpiresBehindNat: number;
}

export const DEFAULT_REGISTRAR_LIMITS: RegistrarLimits = {
  maxContacts: 10,
  minExpires: 60,
  maxExpires: 3_600,
  maxExpiresBehindNat: 90,
};

/** A connection that was made to a phone, and that the phone closed sooner, is not made again; ms. */
const SHORT_MS = 10_000;

/** Told after the REGISTER was answered. */
export interface RegistrarEvents {
  /** A phone that was not there before; a refresh says nothing. */
  online(endpoint: SipEndpoint, contact: Contact): void;
  offline(endpoint: SipEndpoint, contact: Contact, reason: OfflineReason): void;
}

export interface Registration {
  endpointId: string;
  sipUri: string;
  contact: Contact;
}

export interface Registrar {
  /** The clock of the contacts' times, ms. */
  now(): number;
  /** Answers a REGISTER. */
  register(transaction: ServerTransaction): void;
  /** Where the endpoint can be called: highest `q` first, then the latest REGISTER. */
  contactsOf(endpointId: string): Contact[];
  /**
   * Where a phone is now that was in a call over a connection that is gone.
   * @param aor its address of record, `sip:user@domain`
   * @param uri its contact in the call
   * @returns the contact that says the same of itself; else the only one there is; undefined where that tells nothing
   */
  reconnected(aor: string, uri: string): Contact | undefined;
  /** The contacts of the endpoint end: its phones have to register again, if they may. */
  forget(endpointId: string, why: Revocation): void;
  /** Everything that is registered. */
  list(): Registration[];
  /** Ends every timer, without a word to anybody. */
  close(): void;
}

export interface RegistrarOptions {
  domains: SipAccounts;
  authenticator: Authenticator;
  internalErrors?: InternalErrors;
  log: Logger;
  /** Nobody is told unless given. */
  events?: RegistrarEvents;
  limits?: Partial<RegistrarLimits>;
  /** Connects to a phone that listens, over TCP. Default: no phone is connected to. @throws (rejects) where none answers */
  connect?: (listener: Address) => Promise<Flow>;
  /** ms */
  now?: () => number;
}

interface Bindings {
  endpoint: SipEndpoint;
  contacts: Contact[];
}

export function createRegistrar(options: RegistrarOptions): Registrar {
  const { domains, authenticator, log, events, connect, now = createSteadyClock() } = options;
  const limits = { ...DEFAULT_REGISTRAR_LIMITS, ...options.limits };
  const { internalErrors = createInternalErrors(log) } = options;
  const timers = createTimers(internalErrors);
  const byEndpoint = new Map<string, Bindings>();
  /** By id of the contact: ends its timer and no longer listens to its connection. */
  const releases = new Map<string, () => void>();

  const release = (contact: Contact): void => {
    releases.get(contact.id)?.();
    releases.delete(contact.id);
  };

  /** What listens must not stop a timer or a REGISTER. */
  const tell = (event: () => void): void => {
    internalErrors.guard('registrar listener', event)();
  };

  const online = (endpoint: SipEndpoint, contact: Contact): void => {
    log.debug(
      { event: 'binding-added', endpointId: endpoint.id, contact: contact.uri, flow: contact.flow.id },
      'binding added',
    );
    tell(() => events?.online(endpoint, contact));
  };

  const offline = (endpoint: SipEndpoint, contact: Contact, reason: OfflineReason): void => {
    log.debug(
      { event: 'binding-removed', endpointId: endpoint.id, contact: contact.uri, flow: contact.flow.id, reason },
      'binding removed',
    );
    tell(() => events?.offline(endpoint, contact, reason));
  };

  const drop = (contact: Contact, reason: OfflineReason): void => {
    const bindings = byEndpoint.get(contact.endpointId);
    if (!bindings?.contacts.some(({ id }) => id === contact.id)) return;
    release(contact);
    keep(
      bindings.endpoint,
      bindings.contacts.filter(({ id }) => id !== contact.id),
    );
    offline(bindings.endpoint, contact, reason);
  };

  /** @param connectedAt where it was connected to, and did not connect itself */
  const hold = (contact: Contact, connectedAt?: number): void => {
    release(contact);
    const stopTimer = timers.after(contact.expiresAt.getTime() - now(), () => drop(contact, 'expired'));
    const stopListening = contact.flow.onClose(() => {
      if (connectedAt === undefined) disconnected(contact, listenerOf(contact));
      // A phone that accepts connections only to close them is not asked again and again.
      else disconnected(contact, now() - connectedAt < SHORT_MS ? undefined : contact.flow.remote);
    });
    releases.set(contact.id, () => {
      stopTimer();
      stopListening();
    });
  };

  /** A phone that listens where its contact says is still there: its binding goes on (RFC 3261 10.3, 18.1.1). */
  const disconnected = (contact: Contact, listener: Address | undefined): void => {
    if (!listener || !connect) return drop(contact, 'connection closed');
    const connected = (flow: Flow): void => {
      const bindings = byEndpoint.get(contact.endpointId);
      if (!bindings?.contacts.includes(contact)) return; // it has registered again, or expired
      const moved = { ...contact, flow };
      keep(
        bindings.endpoint,
        bindings.contacts.map((other) => (other === contact ? moved : other)),
      );
      hold(moved, now());
      log.debug({ event: 'binding-moved', contact: contact.uri, flow: flow.id }, 'connected to the phone');
    };
    connect(listener).then(internalErrors.guard('registrar connect', connected), () =>
      drop(contact, 'connection closed'),
    );
  };

  const keep = (endpoint: SipEndpoint, contacts: Contact[]): void => {
    if (contacts.length > 0) byEndpoint.set(endpoint.id, { endpoint, contacts });
    else byEndpoint.delete(endpoint.id);
  };

  const maker =
    (endpoint: SipEndpoint, flow: Flow, { callId, cseq, userAgent, path }: RegisterRequest): MakeContact =>
    (asked, previous) => {
      const time = now();
      const isRefresh = previous?.uri === asked.uri && previous.flow.id === flow.id;
      const most = isBehindNat(asked.uri, flow) ? limits.maxExpiresBehindNat : limits.maxExpires;
      const { uri, q, instance, regId } = asked;
      return {
        id: isRefresh ? previous.id : randomBytes(8).toString('hex'),
        ...{ endpointId: endpoint.id, uri, q, instance, regId, callId, cseq, userAgent, path, flow },
        received: { ...flow.remote },
        registeredAt: isRefresh ? previous.registeredAt : new Date(time),
        refreshedAt: new Date(time),
        expiresAt: new Date(time + Math.min(asked.expires, most) * 1000),
      };
    };

  const refusalOf = ({ contacts }: RegisterRequest): Refusal | undefined => {
    const { minExpires } = limits;
    if (contacts === 'all' || !contacts.some(({ expires }) => expires > 0 && expires < minExpires)) return undefined;
    return { status: 423, headers: [['Min-Expires', String(minExpires)]] };
  };

  const accept = (transaction: ServerTransaction, endpoint: SipEndpoint): Refusal | undefined => {
    const { request, flow } = transaction;
    const asked = readRegister(request, limits.maxExpires);
    if ('status' in asked) return asked;
    const refusal = refusalOf(asked);
    if (refusal) return refusal;
    const before = byEndpoint.get(endpoint.id)?.contacts ?? [];
    const change = applyRegister(before, asked, limits.maxContacts, maker(endpoint, flow, asked));
    if ('status' in change) return change;

    for (const { contact } of change.removed) release(contact);
    keep(endpoint, change.contacts);
    const known = new Set(before);
    const changed = change.contacts.filter((contact) => !known.has(contact));
    for (const contact of changed) hold(contact);
    const headers = registeredHeaders(request.headers, change.contacts, changed, now());
    transaction.respond(responseTo(request, 200, { headers }));

    for (const { contact, reason } of change.removed) offline(endpoint, contact, reason);
    const ids = new Set(before.map(({ id }) => id));
    for (const contact of changed) if (!ids.has(contact.id)) online(endpoint, contact);
    // Gone while its REGISTER was handled: nobody would be told any more.
    if (!flow.open) for (const contact of changed) disconnected(contact, listenerOf(contact));
    return undefined;
  };

  const callableOf = (endpointId: string): Contact[] => {
    const contacts = byEndpoint.get(endpointId)?.contacts ?? [];
    // A mail address may be registered too (RFC 3261 10.2.1), but cannot be called.
    const callable = contacts.filter(({ uri, flow }) => /^sips?:/i.test(uri) && flow.open);
    return callable.sort((a, b) => b.q - a.q || +b.refreshedAt - +a.refreshedAt);
  };

  return {
    now,
    register(transaction) {
      const { request } = transaction;
      const refuse = ({ status, reason, headers }: Refusal): void =>
        transaction.respond(responseTo(request, status, { ...(reason && { reason }), ...(headers && { headers }) }));
      if (!parseUri(request.uri)?.scheme.startsWith('sip')) return refuse({ status: 416 });
      const unknown = unknownTags(request.headers, OPTION_TAGS);
      if (unknown.length > 0) return refuse({ status: 420, headers: unknown.map((tag) => ['Unsupported', tag]) });
      const endpoint = authenticator.authenticate(transaction);
      if (!endpoint) return; // told already
      const refusal = accept(transaction, endpoint);
      if (refusal) refuse(refusal);
    },
    contactsOf: callableOf,
    reconnected(aor, uri) {
      const endpoint = domains.endpointBySipUri(aor);
      const contacts = endpoint ? callableOf(endpoint.id) : [];
      return contacts.find((contact) => contact.uri === uri) ?? (contacts.length === 1 ? contacts[0] : undefined);
    },
    forget(endpointId, why) {
      for (const contact of byEndpoint.get(endpointId)?.contacts ?? []) drop(contact, why);
    },
    list: () =>
      [...byEndpoint.values()].flatMap(({ endpoint: { id, sipUri }, contacts }) =>
        contacts.map((contact) => ({ endpointId: id, sipUri, contact })),
      ),
    close() {
      timers.close();
      for (const stop of releases.values()) stop();
      releases.clear();
      byEndpoint.clear();
    },
  };
}

/** Whether the phone gives another address than the one that it is seen at. */
function isBehindNat(contact: string, flow: Flow): boolean {
  const uri = parseUri(contact);
  if (flow.reliable || !uri || isIP(uri.host) === 0) return false;
  return uri.host !== flow.remote.host || (uri.port ?? 5060) !== flow.remote.port;
}
