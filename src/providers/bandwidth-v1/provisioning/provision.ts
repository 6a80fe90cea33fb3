/**
 * The tutorial's steps 1 and 2 on whichever platform: application, numbers, domains, endpoints. Safe to run again: what
 * is there is kept, and changed only where it differs.
 */
import { z } from 'zod';
import { RefusedError } from '../../errors';
import type { ApiHttp } from '../http';
import { TandemError } from '../../../support/errors';
import type { Line } from '../../../dial-plan/dial-plan';
import { redactUrl } from '../../../support/logger';
import { idFromLocation } from '../../../support/ids';
import { SIP_DOMAIN_SUFFIX } from '../../../v1-wire/resources';
import { normaliseSipUri, parseSipUri } from '../../../addresses/sip-uri';

export const APPLICATION_NAME = 'Tandem';

/** A LINES endpoint that cannot be provisioned, or a platform that answers something else than the v1 API. */
export class ProvisioningError extends TandemError {
  readonly code = 'provisioning-failed';
}

export interface ProvisionRequest {
  lines: readonly Line[];
  /** incomingCallUrl of the application, credentials included */
  webhookUrl: string;
  /** callbackHttpMethod of the application; default: POST */
  webhookMethod?: 'GET' | 'POST';
  /** Of each endpoint of `lines`. One that is set is given to an endpoint that exists, too; a generated one is not. */
  sipPasswords: ReadonlyMap<string, { value: string; generated: boolean }>;
}

export type Outcome = 'created' | 'changed' | 'kept';
export interface ProvisionStep {
  what: 'application' | 'number' | 'domain' | 'endpoint';
  name: string;
  id: string;
  outcome: Outcome;
}
export interface SipSettings {
  sipUri: string;
  username: string;
  realm: string;
  /** Where its password is from. `unchanged`: the endpoint was there already, and none is set. */
  passwordFrom: 'settings' | 'generated' | 'unchanged';
  /** Only a generated one: the others are known to whom they belong. */
  password: string | undefined;
  /** calls to this number ring the endpoint */
  number: string;
}
export interface Provisioned {
  steps: ProvisionStep[];
  sip: SipSettings[];
}

const application = z.object({
  id: z.string(),
  name: z.string(),
  incomingCallUrl: z.string().nullish(),
  callbackHttpMethod: z.string().nullish(),
  autoAnswer: z.boolean().nullish(),
});
export const phoneNumber = z.object({ id: z.string(), applicationId: z.string().nullish() });
export const domain = z.object({ id: z.string(), name: z.string() });
export const endpoint = z.object({
  id: z.string(),
  name: z.string(),
  applicationId: z.string().nullish(),
  enabled: z.boolean().nullish(),
  sipUri: z.string(),
  credentials: z.object({ realm: z.string(), username: z.string() }),
});

export async function provision(http: ApiHttp, request: ProvisionRequest): Promise<Provisioned> {
  const steps: ProvisionStep[] = [];
  const sip: SipSettings[] = [];
  const done = (step: ProvisionStep) => {
    steps.push(step);
    return step.id;
  };
  const applicationId = done(await ensureApplication(http, request));
  for (const line of request.lines) {
    done(await ensureNumber(http, line.number, applicationId));
    const { user, label } = namesOf(line.endpoint);
    const domainStep = await ensureDomain(http, label);
    if (!steps.some((step) => step.id === domainStep.id)) done(domainStep);
    const known = sip.find(({ sipUri }) => normaliseSipUri(sipUri) === line.endpoint);
    if (known) {
      sip.push({ ...known, number: line.number });
      continue;
    }
    const password = request.sipPasswords.get(line.endpoint);
    if (!password) throw new ProvisioningError(`${line.endpoint} has no password`);
    const wanted = { name: user, domainId: domainStep.id, applicationId, password };
    const { step, settings } = await ensureEndpoint(http, wanted);
    done(step);
    sip.push({ ...settings, number: line.number });
  }
  return { steps, sip };
}

export function namesOf(uri: string): { user: string; label: string } {
  const parts = parseSipUri(uri);
  const suffix = `.${SIP_DOMAIN_SUFFIX}`;
  if (!parts?.host.endsWith(suffix)) {
    throw new ProvisioningError(
      `${uri} of LINES is not below ${SIP_DOMAIN_SUFFIX}: write it as sip:user@your-domain${suffix}`,
    );
  }
  return { user: parts.user, label: parts.host.slice(0, -suffix.length) };
}

async function ensureApplication(
  http: ApiHttp,
  { webhookUrl: incomingCallUrl, webhookMethod: callbackHttpMethod = 'POST' }: ProvisionRequest,
): Promise<ProvisionStep> {
  const existing = (await list(http, '/applications', application)).find(({ name }) => name === APPLICATION_NAME);
  const wanted = { name: APPLICATION_NAME, incomingCallUrl, callbackHttpMethod, autoAnswer: false };
  const step = { what: 'application', name: `${APPLICATION_NAME} → ${redactUrl(incomingCallUrl)}` } as const;
  if (!existing) return { ...step, id: await create(http, '/applications', wanted), outcome: 'created' };
  const isRight =
    existing.incomingCallUrl === incomingCallUrl &&
    existing.autoAnswer === false &&
    (existing.callbackHttpMethod ?? 'POST').toUpperCase() === callbackHttpMethod;
  if (!isRight) await http.send('POST', http.userPath(`/applications/${existing.id}`), wanted);
  return { ...step, id: existing.id, outcome: isRight ? 'kept' : 'changed' };
}

async function ensureNumber(http: ApiHttp, number: string, applicationId: string): Promise<ProvisionStep> {
  const step = { what: 'number', name: number } as const;
  const existing = await find(http, `/phoneNumbers/${encodeURIComponent(number)}`, phoneNumber);
  if (!existing) {
    const id = await create(http, '/phoneNumbers', { number, name: `Tandem ${number}`, applicationId });
    return { ...step, id, outcome: 'created' };
  }
  const isRight = existing.applicationId === applicationId;
  if (!isRight) await http.send('POST', http.userPath(`/phoneNumbers/${existing.id}`), { applicationId });
  return { ...step, id: existing.id, outcome: isRight ? 'kept' : 'changed' };
}

async function ensureDomain(http: ApiHttp, label: string): Promise<ProvisionStep> {
  const step = { what: 'domain', name: label } as const;
  const existing = (await list(http, '/domains', domain)).find(({ name }) => name.toLowerCase() === label);
  if (existing) return { ...step, id: existing.id, outcome: 'kept' };
  const id = await create(http, '/domains', { name: label, description: 'Endpoints of Tandem' });
  return { ...step, id, outcome: 'created' };
}

interface WantedEndpoint {
  name: string;
  domainId: string;
  applicationId: string;
  password: { value: string; generated: boolean };
}

async function ensureEndpoint(
  http: ApiHttp,
  { name, domainId, applicationId, password }: WantedEndpoint,
): Promise<{ step: ProvisionStep; settings: Omit<SipSettings, 'number'> }> {
  const path = `/domains/${domainId}/endpoints`;
  const read = async () => (await list(http, path, endpoint)).find((candidate) => candidate.name === name);
  const before = await read();
  const credentials = { password: password.value };
  let outcome: Outcome = 'kept';
  if (!before) {
    const description = 'Phone of Tandem';
    await create(http, path, { name, description, domainId, applicationId, enabled: true, credentials });
    outcome = 'created';
  } else if (before.applicationId !== applicationId || before.enabled === false || !password.generated) {
    const change = { applicationId, enabled: true, ...(!password.generated && { credentials }) };
    await http.send('POST', http.userPath(`${path}/${before.id}`), change);
    outcome = 'changed';
  }
  const found = before ?? (await read());
  if (!found) throw new ProvisioningError(`the platform does not list the endpoint ${name} that it has just created`);
  const passwordFrom = !password.generated ? 'settings' : before ? 'unchanged' : 'generated';
  return {
    step: { what: 'endpoint', name: found.sipUri, id: found.id, outcome },
    settings: {
      sipUri: found.sipUri,
      username: found.credentials.username.trim(),
      realm: found.credentials.realm,
      passwordFrom,
      password: passwordFrom === 'generated' ? password.value : undefined,
    },
  };
}

export async function list<T>(http: ApiHttp, path: string, item: z.ZodType<T>): Promise<T[]> {
  const { body } = await http.send('GET', http.userPath(`${path}?size=1000`));
  return read(z.array(item), body, path);
}

export async function find<T>(http: ApiHttp, path: string, item: z.ZodType<T>): Promise<T | undefined> {
  try {
    return read(item, (await http.send('GET', http.userPath(path))).body, path);
  } catch (error) {
    if (error instanceof RefusedError && error.status === 404) return undefined;
    throw error;
  }
}

async function create(http: ApiHttp, path: string, body: object): Promise<string> {
  const id = idFromLocation((await http.send('POST', http.userPath(path), body)).location);
  if (id === undefined) throw new ProvisioningError(`the platform's answer to POST ${path} has no Location`);
  return id;
}

function read<T>(schema: z.ZodType<T>, body: unknown, path: string): T {
  const parsed = schema.safeParse(body);
  if (!parsed.success)
    throw new ProvisioningError(`the platform's answer to GET ${path} is not of the v1 API: ${parsed.error.message}`);
  return parsed.data;
}
