/** The registrar (RFC 3261 10.3; flows as in RFC 5626): the phones of each endpoint and the flows to them. */
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
  /** Per endpoint. */
  maxContacts: number;
  /** Seconds. A REGISTER with less, except 0, is rejected with 423. */
  minExpires: number;
  /** Seconds. Also the default for a REGISTER without an expiry. */
  maxExpires: number;
  /**
   * Seconds, for a phone behind a NAT over UDP. Each REGISTER keeps the NAT mapping open, which lasts at least two
   * minutes (RFC 4787 REQ-5). The phone need not send other keep-alives.
   */
  maxExpiresBehindNat: number;
}

export const DEFAULT_REGISTRAR_LIMITS: RegistrarLimits = {
  maxContacts: 10,
  minExpires: 60,
  maxExpires: 3_600,
  maxExpiresBehindNat: 90,
};

/** If a phone closes a connection from this server sooner than this, the server does not reconnect; ms. */
const MIN_CONNECTION_MS = 10_000;

/** Called after the REGISTER has been answered. */
export interface RegistrarEvents {
  /** A phone has registered. Not called for a refresh. */
  online(endpoint: SipEndpoint, contact: Contact): void;
  offline(endpoint: SipEndpoint, contact: Contact, reason: OfflineReason): void;
}

export interface Registration {
  endpointId: string;
  sipUri: string;
  contact: Contact;
}

export interface Registrar {
  /** The clock of the times in contacts, ms. */
  now(): number;
  /** Answers a REGISTER. */
  register(transaction: ServerTransaction): void;
  /** The contacts at which the endpoint can be called, by highest `q`, then by latest REGISTER. */
  contactsOf(endpointId: string): Contact[];
  /**
   * Finds the current contact of a phone whose connection closed during a call.
   * @param aor address of record of the phone, `sip:user@domain`
   * @param uri contact of the phone in the call
   * @returns the contact with the same URI, or the endpoint's only contact; undefined if neither exists
   */
  reconnected(aor: string, uri: string): Contact | undefined;
  /** Removes all contacts of an endpoint. Its phones must register again. */
  forget(endpointId: string, why: Revocation): void;
  /** All registrations. */
  list(): Registration[];
  /** Ends every timer. Calls no listeners. */
  close(): void;
}

export interface RegistrarOptions {
  domains: SipAccounts;
  authenticator: Authenticator;
  internalErrors?: InternalErrors;
  log: Logger;
  /** Default: none. */
  events?: RegistrarEvents;
  limits?: Partial<RegistrarLimits>;
  /** Connects to a phone's listener over TCP. Default: never connect. @throws (rejects) if the connection fails */
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
  /** By contact id: functions that stop the timer and the connection listener of a contact. */
  const releases = new Map<string, () => void>();

  const release = (contact: Contact): void => {
    releases.get(contact.id)?.();
    releases.delete(contact.id);
  };

  /** A listener that throws must not affect timers or the REGISTER. */
  const notify = (event: () => void): void => {
    internalErrors.guard('registrar listener', event)();
  };

  const online = (endpoint: SipEndpoint, contact: Contact): void => {
    log.debug(
      { event: 'binding-added', endpointId: endpoint.id, contact: contact.uri, flow: contact.flow.id },
      'binding added',
    );
    notify(() => events?.online(endpoint, contact));
  };

  const offline = (endpoint: SipEndpoint, contact: Contact, reason: OfflineReason): void => {
    log.debug(
      { event: 'binding-removed', endpointId: endpoint.id, contact: contact.uri, flow: contact.flow.id, reason },
      'binding removed',
    );
    notify(() => events?.offline(endpoint, contact, reason));
  };

  const drop = (contact: Contact, reason: OfflineReason): void => {
    const bindings = byEndpoint.get(contact.endpointId);
    if (!bindings?.contacts.some(({ id }) => id === contact.id)) return;
    release(contact);
    setContacts(
      bindings.endpoint,
      bindings.contacts.filter(({ id }) => id !== contact.id),
    );
    offline(bindings.endpoint, contact, reason);
  };

  /** @param connectedAt time of the connection, if this server made it */
  const watch = (contact: Contact, connectedAt?: number): void => {
    release(contact);
    const stopTimer = timers.after(contact.expiresAt.getTime() - now(), () => drop(contact, 'expired'));
    const stopListening = contact.flow.onClose(() => {
      if (connectedAt === undefined) disconnected(contact, listenerOf(contact));
      // Do not reconnect to a phone that accepts connections and closes them at once.
      else disconnected(contact, now() - connectedAt < MIN_CONNECTION_MS ? undefined : contact.flow.remote);
    });
    releases.set(contact.id, () => {
      stopTimer();
      stopListening();
    });
  };

  /** Keeps the binding if the phone accepts a connection at the address of its contact (RFC 3261 10.3, 18.1.1). */
  const disconnected = (contact: Contact, listener: Address | undefined): void => {
    if (!listener || !connect) return drop(contact, 'connection closed');
    const connected = (flow: Flow): void => {
      const bindings = byEndpoint.get(contact.endpointId);
      if (!bindings?.contacts.includes(contact)) return; // it has registered again or has expired
      const moved = { ...contact, flow };
      setContacts(
        bindings.endpoint,
        bindings.contacts.map((other) => (other === contact ? moved : other)),
      );
      watch(moved, now());
      log.debug({ event: 'binding-moved', contact: contact.uri, flow: flow.id }, 'connected to the phone');
    };
    connect(listener).then(internalErrors.guard('registrar connect', connected), () =>
      drop(contact, 'connection closed'),
    );
  };

  const setContacts = (endpoint: SipEndpoint, contacts: Contact[]): void => {
    if (contacts.length > 0) byEndpoint.set(endpoint.id, { endpoint, contacts });
    else byEndpoint.delete(endpoint.id);
  };

  const contactFactory =
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
    const change = applyRegister(before, asked, limits.maxContacts, contactFactory(endpoint, flow, asked));
    if ('status' in change) return change;

    for (const { contact } of change.removed) release(contact);
    setContacts(endpoint, change.contacts);
    const known = new Set(before);
    const changed = change.contacts.filter((contact) => !known.has(contact));
    for (const contact of changed) watch(contact);
    const headers = registeredHeaders(request.headers, change.contacts, changed, now());
    transaction.respond(responseTo(request, 200, { headers }));

    for (const { contact, reason } of change.removed) offline(endpoint, contact, reason);
    const ids = new Set(before.map(({ id }) => id));
    for (const contact of changed) if (!ids.has(contact.id)) online(endpoint, contact);
    // The connection closed while the REGISTER was handled: `onClose` will not be called for it.
    if (!flow.open) for (const contact of changed) disconnected(contact, listenerOf(contact));
    return undefined;
  };

  const callableOf = (endpointId: string): Contact[] => {
    const contacts = byEndpoint.get(endpointId)?.contacts ?? [];
    // Other URIs, such as mail addresses, may be registered (RFC 3261 10.2.1) but cannot be called.
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
      if (!endpoint) return; // already rejected
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

/** Whether the address in a phone's contact differs from its source address. */
function isBehindNat(contact: string, flow: Flow): boolean {
  const uri = parseUri(contact);
  if (flow.reliable || !uri || isIP(uri.host) === 0) return false;
  return uri.host !== flow.remote.host || (uri.port ?? 5060) !== flow.remote.port;
}
