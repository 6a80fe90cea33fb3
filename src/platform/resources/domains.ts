/** Domains and their endpoints. */
import { randomBytes } from 'node:crypto';
import { newId } from '../../support/ids';
import { SIP_DOMAIN_SUFFIX } from '../../v1-wire/resources';
import { normaliseSipUri } from '../../addresses/sip-uri';
import { canonicalHost } from '../../addresses/uri';
import { createSteadyClock } from '../../support/steady-clock';
import { AlreadyExistsError, QuotaError } from '../errors';
import type { Revocation, SipAccounts } from '../../sip/accounts';
import { digestSecret, type DigestSecret } from '../../sip/digest/digest-secret';

const MAX_DOMAINS = 100;
/** Maximum of valid tokens of an endpoint. Further ones replace the oldest. */
const MAX_TOKENS = 100;

export interface Domain {
  readonly id: string;
  readonly name: string;
  description?: string | undefined;
  /** By id. */
  readonly endpoints: Map<string, Endpoint>;
}

/** A temporary SIP credential. */
export interface EndpointToken {
  secret: DigestSecret;
  expiresAt: Date;
}

export interface Endpoint {
  readonly id: string;
  readonly domainId: string;
  readonly name: string;
  readonly realm: string;
  readonly sipUri: string;
  description?: string | undefined;
  applicationId?: string | undefined;
  enabled: boolean;
  secret: DigestSecret;
  tokens: EndpointToken[];
}

export interface NewEndpoint {
  name: string;
  description?: string | undefined;
  applicationId?: string | undefined;
  enabled: boolean;
  password: string;
}

/** Fields that an update may change. A name never changes. */
export interface EndpointChanges {
  description?: string | undefined;
  applicationId?: string | undefined;
  enabled?: boolean | undefined;
  password?: string | undefined;
}

export interface Domains extends SipAccounts {
  /** @throws AlreadyExistsError, QuotaError */
  create(name: string, description?: string): Domain;
  get(id: string): Domain | undefined;
  /** Deletes the domain and its endpoints. */
  delete(domain: Domain): void;
  list(): Domain[];
  /** @throws AlreadyExistsError */
  addEndpoint(domain: Domain, fields: NewEndpoint): Endpoint;
  /** Updates an endpoint. A new password and `enabled: false` revoke registrations, tokens and connections. */
  updateEndpoint(endpoint: Endpoint, changes: EndpointChanges): void;
  deleteEndpoint(domain: Domain, endpoint: Endpoint): void;
  endpoint(id: string): Endpoint | undefined;
  /** Finds an endpoint by any spelling of its URI. */
  endpointBySipUri(sipUri: string): Endpoint | undefined;
  /** Returns the endpoints of this name in all domains. */
  endpointsNamed(name: string): readonly Endpoint[];
  /** @returns the token, of which only a hash is stored */
  addToken(endpoint: Endpoint, expiresInSeconds: number): string;
  /** Removes a deleted application from its endpoints. */
  forgetApplication(applicationId: string): void;
}

/** @param onRevoked ends registrations and connections of the endpoint at once */
export function createDomains(
  onRevoked: (endpointId: string, why: Revocation) => void,
  now = createSteadyClock(),
): Domains {
  const domains = new Map<string, Domain>();
  const bySipUri = new Map<string, Endpoint>();
  const byId = new Map<string, Endpoint>();
  const byName = new Map<string, readonly Endpoint[]>();
  const realms = new Map<string, string>();

  const revoke = (endpoint: Endpoint, why: Revocation): void => {
    endpoint.tokens = [];
    onRevoked(endpoint.id, why);
  };

  const deleteEndpoint = (domain: Domain, endpoint: Endpoint): void => {
    domain.endpoints.delete(endpoint.id);
    byId.delete(endpoint.id);
    bySipUri.delete(keyOf(endpoint.sipUri));
    const namesakes = (byName.get(endpoint.name) ?? []).filter((other) => other !== endpoint);
    if (namesakes.length > 0) byName.set(endpoint.name, namesakes);
    else byName.delete(endpoint.name);
    revoke(endpoint, 'endpoint gone');
  };

  const updateEndpoint = (endpoint: Endpoint, { password, ...fields }: EndpointChanges): void => {
    const { enabled, secret } = endpoint;
    Object.assign(endpoint, fields);
    if (password !== undefined) endpoint.secret = digestSecret(endpoint.name, endpoint.realm, password);
    if (enabled && !endpoint.enabled) revoke(endpoint, 'endpoint disabled');
    else if (endpoint.secret.sha256 !== secret.sha256) revoke(endpoint, 'password changed');
  };

  return {
    create(name, description) {
      const taken = [...domains.values()].some((domain) => domain.name.toLowerCase() === name.toLowerCase());
      if (taken) throw new AlreadyExistsError('domain-already-exists', `The domain ${name} already exists`);
      if (domains.size >= MAX_DOMAINS)
        throw new QuotaError(
          'domain-limit-reached',
          `The account has reached its limit of ${MAX_DOMAINS} domains: delete one first`,
        );
      const domain: Domain = { id: newId('domain'), name, description, endpoints: new Map() };
      domains.set(domain.id, domain);
      const realm = realmFor(domain);
      realms.set(realm.toLowerCase(), realm);
      return domain;
    },
    get: (id) => domains.get(id),
    delete(domain) {
      for (const endpoint of [...domain.endpoints.values()]) deleteEndpoint(domain, endpoint);
      domains.delete(domain.id);
      realms.delete(realmFor(domain).toLowerCase());
    },
    list: () => [...domains.values()],
    addEndpoint(domain, { password, ...fields }) {
      const realm = realmFor(domain);
      const sipUri = `sip:${fields.name}@${realm}`;
      if (bySipUri.has(keyOf(sipUri)))
        throw new AlreadyExistsError('endpoint-already-exists', `The endpoint ${sipUri} already exists`);
      const endpoint: Endpoint = {
        ...fields,
        id: newId('endpoint'),
        domainId: domain.id,
        realm,
        sipUri,
        secret: digestSecret(fields.name, realm, password),
        tokens: [],
      };
      domain.endpoints.set(endpoint.id, endpoint);
      byId.set(endpoint.id, endpoint);
      bySipUri.set(keyOf(sipUri), endpoint);
      byName.set(endpoint.name, [...(byName.get(endpoint.name) ?? []), endpoint]);
      return endpoint;
    },
    updateEndpoint,
    deleteEndpoint,
    endpoint: (id) => byId.get(id),
    endpointBySipUri: (sipUri) => bySipUri.get(keyOf(sipUri)),
    endpointsNamed: (name) => byName.get(name) ?? [],
    realmOf: (host) => realms.get(canonicalHost(host)),
    realms: () => [...realms.values()],
    addToken(endpoint, expiresInSeconds) {
      const token = randomBytes(24).toString('base64url');
      const time = now();
      endpoint.tokens = endpoint.tokens.filter(({ expiresAt }) => expiresAt.getTime() > time).slice(1 - MAX_TOKENS);
      endpoint.tokens.push({
        secret: digestSecret(endpoint.name, endpoint.realm, token),
        expiresAt: new Date(time + expiresInSeconds * 1000),
      });
      return token;
    },
    forgetApplication(applicationId) {
      for (const endpoint of byId.values())
        if (endpoint.applicationId === applicationId) endpoint.applicationId = undefined;
    },
  };
}

/** Keeps the spelling of the domain's name, as applications build URIs and compare them as text. */
function realmFor({ name }: Domain): string {
  return `${name}.${SIP_DOMAIN_SUFFIX}`;
}

/** Returns a key for all spellings of a SIP URI. Hosts are case-insensitive. */
function keyOf(sipUri: string): string {
  return normaliseSipUri(sipUri) ?? sipUri;
}
