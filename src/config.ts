/** The settings, read from the environment once and checked as a whole. */
import { isIP } from 'node:net';
import { isSupportedCountry, type CountryCode } from 'libphonenumber-js/min';
import { z } from 'zod';
import { TandemError } from './errors';
import type { Line } from './flows/dial-plan';
import { MAX_CALL_TIMEOUT_SECONDS } from './protocol/commands';
import { isE164 } from './protocol/e164';
import { randomText } from './protocol/ids';
import { MAX_DOMAIN_NAME_LENGTH, SIP_DOMAIN_SUFFIX } from './protocol/resources';
import { normaliseSipUri } from './protocol/sip-uri';

const DEFAULT_LINES = '+1555444333=sip:jsmith_mobile@xyz-corp-testing.bwapp.bwsip.io';

/** Every setting that is wrong, each with what to do about it. */
export class ConfigError extends TandemError {
  readonly code = 'bad-settings';
  constructor(readonly faults: readonly string[]) {
    super(`the settings are not valid:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
  }
}

const whole = (min: number, max: number, standard: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `is no whole number; give one from ${min} to ${max}, or leave it out for ${standard}`)
    .transform(Number)
    .refine((n) => n >= min && n <= max, `is out of range; give a whole number from ${min} to ${max}`)
    .default(standard);

const flag = z
  .enum(['on', 'off'], 'must be on or off')
  .transform((text) => text === 'on')
  .optional();

const origin = z
  .string()
  .refine(isHttpUrl, 'is no http(s) URL; give one like https://example.com')
  .transform((text) => text.replace(/\/+$/, ''));

const lines = z.string().transform((text, ctx): Line[] => {
  const parsed: Line[] = [];
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue;
    const at = entry.indexOf('=');
    const number = entry.slice(0, at).trim();
    const endpoint = normaliseSipUri(entry.slice(at + 1));
    if (at < 0) ctx.addIssue(`has the entry "${entry}" without "="; write number=endpoint`);
    else if (!isE164(number)) ctx.addIssue(`has the number "${number}", which is not E.164; write it as +15551234567`);
    else if (!endpoint)
      ctx.addIssue(`has the endpoint "${entry.slice(at + 1)}", which is no SIP URI; write it as sip:user@domain`);
    else if (parsed.some((line) => line.number === number))
      ctx.addIssue(`has the number ${number} twice; a number rings one endpoint`);
    else parsed.push({ number, endpoint });
  }
  if (parsed.length === 0 && ctx.issues.length === 0)
    ctx.addIssue('is empty; write number=sip:user@domain, comma-separated');
  return parsed;
});

const country = z
  .string()
  .transform((text) => text.toUpperCase())
  .refine((text): text is CountryCode => isSupportedCountry(text), 'is no country; give two letters like US or DE');

const ports = z.string().transform((text, ctx): { from: number; to: number } | undefined => {
  if (text === '0') return undefined;
  const [, from = 0, to = 0] = (/^(\d{1,5})-(\d{1,5})$/.exec(text) ?? []).map(Number);
  if (from < 1024 || to > 65_535 || to - from < 3)
    ctx.addIssue('is no range of ports; write it as 10000-10999, above 1023, two ports for each leg, or 0 for any');
  return { from, to };
});

/** One label below the platform's SIP domain. */
const PROVISIONABLE = new RegExp(
  `@[a-z][a-z0-9-]{0,${MAX_DOMAIN_NAME_LENGTH - 1}}\\.${SIP_DOMAIN_SUFFIX.replaceAll('.', '\\.')}$`,
);

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** The settings as the environment spells them. An empty variable counts as left out. */
const schema = z.object({
  NODE_ENV: z.string().default('development'),
  PORT: whole(0, 65_535, 3_000),
  HOST: z.string().default('0.0.0.0'),
  PUBLIC_BASE_URL: origin.optional(),
  BANDWIDTH_API_URL: origin
    .refine((url) => !/\/v1$/.test(url), 'ends in /v1; give the origin alone, like https://api.example.com')
    .optional(),
  BANDWIDTH_USER_ID: z.string().optional(),
  BANDWIDTH_API_TOKEN: z.string().optional(),
  BANDWIDTH_API_SECRET: z.string().optional(),
  LINES: lines.prefault(DEFAULT_LINES),
  DEFAULT_COUNTRY: country.prefault('US'),
  WEBHOOK_USERNAME: z.string().optional(),
  WEBHOOK_PASSWORD: z.string().optional(),
  API_TOKEN: z.string().optional(),
  CALL_TIMEOUT_SECONDS: whole(1, MAX_CALL_TIMEOUT_SECONDS, 30),
  MAX_CALL_SECONDS: whole(1, 86_400, 14_400),
  COMMAND_TIMEOUT_MS: whole(50, 60_000, 5_000),
  LEG_CHECK_SECONDS: whole(0, 3_600, 5),
  RECOVERY_SECONDS: whole(0, 86_400, 60),
  REDIS_URL: z
    .string()
    .refine(isRedisUrl, 'is no redis:// or rediss:// URL; give one like redis://:password@127.0.0.1:6379/0')
    .optional(),
  REDIS_PREFIX: z
    .string()
    .regex(/^[\w.:-]{1,64}$/, 'is no key prefix; give up to 64 letters, digits and . _ : -')
    .default('tandem'),
  REDIS_CLUSTER: flag,
  LOG_LEVEL: z.enum(levels, `must be one of ${levels.join(', ')}`).default('info'),
  PLATFORM_PORT: whole(0, 65_535, 3_001),
  PLATFORM_RATE_LIMITS: flag,
  PLATFORM_SANDBOX: flag,
  SIP_PORT: whole(0, 65_535, 5_060),
  SIP_HOST: z.string().optional(),
  SIP_PUBLIC_ADDRESS: z
    .string()
    .refine((text) => isIP(text) !== 0, 'is no IP address; give the one that phones reach, like 203.0.113.7')
    .optional(),
  SIP_TLS_PORT: whole(0, 65_535, 5_061),
  SIP_TLS_CERT: z.string().optional(),
  SIP_TLS_KEY: z.string().optional(),
  SIP_DIAL_URIS: flag,
  SIP_PASSWORD: z.string().min(6, 'is too short; give 6 characters or more').optional(),
  RTP_PORTS: ports.prefault('10000-10999'),
  RTP_SILENCE_SECONDS: whole(0, 86_400, 60),
  AUDIO_PRIVATE_HOSTS: flag,
  SPEECH_LANGUAGES_DIR: z.string().optional(),
  RECORDINGS_DIR: z.string().optional(),
});

type Settings = z.infer<typeof schema>;
/** The names of all settings: `.env.example` must have each. */
export const SETTING_NAMES = Object.keys(schema.shape);

export interface Config {
  readonly production: boolean;
  readonly host: string;
  /** 0: chosen by the system */
  readonly port: number;
  /** How the platform reaches Tandem; undefined: at the address on which it listens. */
  readonly publicBaseUrl: string | undefined;
  readonly api: Readonly<{
    /** undefined: the embedded platform */
    url: string | undefined;
    userId: string;
    token: string;
    secret: string;
    /** ms */
    timeoutMs: number;
    /** They were made up, so nobody but this process knows them. */
    madeUp: boolean;
  }>;
  readonly lines: readonly Line[];
  readonly defaultCountry: CountryCode;
  readonly webhookCredentials: Readonly<{ username: string; password: string }> | undefined;
  readonly apiToken: string | undefined;
  readonly callTimeoutSeconds: number;
  readonly maxCallSeconds: number;
  readonly legCheckSeconds: number;
  /** How often the platform's calls are compared with the flows; 0: only at start */
  readonly recoverySeconds: number;
  /** undefined: the flows are kept in memory */
  readonly redis: Readonly<{ url: string; prefix: string; cluster: boolean }> | undefined;
  readonly logLevel: Settings['LOG_LEVEL'];
  readonly platform: Readonly<{ port: number; rateLimits: boolean; sandbox: boolean }>;
  readonly sip: Readonly<{
    host: string;
    /** UDP and TCP; 0: chosen by the system */
    port: number;
    /** What phones are told to send to; undefined: the address at which they reach this machine. */
    publicAddress: string | undefined;
    /** Files of PEM; undefined: no TLS */
    tls: { port: number; certFile: string; keyFile: string } | undefined;
    /** Whether SIP URIs that are no endpoints of the account are dialled. */
    dialUris: boolean;
    /** undefined: chosen by the system */
    rtpPorts: { from: number; to: number } | undefined;
    /** A call without RTP for so long is ended; s; 0: never */
    silenceSeconds: number;
    /** Whether `fileUrl` may name hosts of private networks. */
    privateAudio: boolean;
    /** Files of further languages; undefined: English only */
    languagesDir: string | undefined;
    /** undefined: a temporary one */
    recordingsDir: string | undefined;
  }>;
  readonly sipPassword: string;
  readonly sipPasswordMadeUp: boolean;
}

/** The environment of a Tandem with its own platform, for a demo: on free ports of this machine, quick to give up. */
export function demoEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  const own = Object.fromEntries(
    SETTING_NAMES.filter((name) => /^(BANDWIDTH|WEBHOOK|PUBLIC|API)_/.test(name)).map((name) => [name, '']),
  );
  return {
    ...env,
    ...own,
    NODE_ENV: '',
    HOST: '127.0.0.1',
    PORT: '0',
    PLATFORM_PORT: '0',
    SIP_HOST: '127.0.0.1',
    SIP_PORT: '0',
    SIP_TLS_CERT: '',
    SIP_TLS_KEY: '',
    RTP_PORTS: '0',
    REDIS_URL: '',
    LINES: '',
    CALL_TIMEOUT_SECONDS: '3',
  };
}

/** What a command needs of the settings, beyond that each is valid. */
export type Purpose = 'serve' | 'platform' | 'provision' | 'demo';

/**
 * Reads the settings.
 * @param purpose credentials are demanded only of what uses them
 * @throws ConfigError with every fault at once
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>, purpose: Purpose = 'serve'): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([name, value]) => name in schema.shape && value !== ''));
  const parsed = schema.safeParse(given);
  const faults = parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  // What goes together is checked on what was given, so that all faults are told at once.
  faults.push(...faultsOfCredentials(given, purpose), ...faultsOfLines(given, purpose));
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(toConfig(parsed.data));
}

/** Endpoints that are to be created must be below the platform's SIP domain; those of another platform may be anywhere. */
function faultsOfLines(given: Record<string, string | undefined>, purpose: Purpose): string[] {
  const parsed = schema.shape.LINES.safeParse(given['LINES']);
  const isEmbedded = purpose === 'serve' && given['BANDWIDTH_API_URL'] === undefined;
  if (!parsed.success || !(isEmbedded || purpose === 'provision')) return [];
  return parsed.data
    .filter(({ endpoint }) => !PROVISIONABLE.test(endpoint))
    .map(
      ({ endpoint }) =>
        `LINES has the endpoint ${endpoint}, which cannot be created; write it as sip:user@domain.${SIP_DOMAIN_SUFFIX}, domain of at most ${MAX_DOMAIN_NAME_LENGTH} letters, digits and dashes, a letter first`,
    );
}

function faultsOfCredentials(given: Record<string, string | undefined>, purpose: Purpose): string[] {
  const faults: string[] = [];
  const api = ['BANDWIDTH_USER_ID', 'BANDWIDTH_API_TOKEN', 'BANDWIDTH_API_SECRET'] as const;
  const missing = api.filter((name) => given[name] === undefined);
  if (given['BANDWIDTH_API_URL'] !== undefined || (missing.length > 0 && missing.length < api.length)) {
    faults.push(
      ...missing.map(
        (name) => `${name} is missing; the three BANDWIDTH_* credentials go together and with BANDWIDTH_API_URL`,
      ),
    );
  }
  for (const [one, other] of [
    ['SIP_TLS_CERT', 'SIP_TLS_KEY'],
    ['SIP_TLS_KEY', 'SIP_TLS_CERT'],
  ] as const)
    if (given[one] !== undefined && given[other] === undefined) faults.push(`${other} is missing; ${one} needs it`);
  const { WEBHOOK_USERNAME: username, WEBHOOK_PASSWORD: password } = given;
  if (username === undefined && password !== undefined)
    faults.push('WEBHOOK_USERNAME is missing; WEBHOOK_PASSWORD needs it');
  if (username !== undefined && password === undefined)
    faults.push('WEBHOOK_PASSWORD is missing; WEBHOOK_USERNAME needs it');
  if (username?.includes(':'))
    faults.push('WEBHOOK_USERNAME has a colon, which Basic authentication cannot carry; choose another');
  if (given['NODE_ENV'] === 'production' && purpose === 'serve') {
    if (username === undefined && password === undefined) {
      faults.push('WEBHOOK_USERNAME and WEBHOOK_PASSWORD are missing; in production callbacks must carry credentials');
    }
    if (given['API_TOKEN'] === undefined)
      faults.push('API_TOKEN is missing; in production /calls needs a bearer token');
  }
  return faults;
}

function toConfig(s: Settings): Config {
  const production = s.NODE_ENV === 'production';
  const { WEBHOOK_USERNAME: username, WEBHOOK_PASSWORD: password } = s;
  return {
    production,
    host: s.HOST,
    port: s.PORT,
    publicBaseUrl: s.PUBLIC_BASE_URL,
    api: {
      url: s.BANDWIDTH_API_URL,
      userId: s.BANDWIDTH_USER_ID ?? 'u-tandem',
      token: s.BANDWIDTH_API_TOKEN ?? `t-${randomText(23)}`,
      secret: s.BANDWIDTH_API_SECRET ?? `s-${randomText(23)}`,
      timeoutMs: s.COMMAND_TIMEOUT_MS,
      madeUp: s.BANDWIDTH_API_TOKEN === undefined,
    },
    lines: s.LINES,
    defaultCountry: s.DEFAULT_COUNTRY,
    webhookCredentials: username !== undefined && password !== undefined ? { username, password } : undefined,
    apiToken: s.API_TOKEN,
    callTimeoutSeconds: s.CALL_TIMEOUT_SECONDS,
    maxCallSeconds: s.MAX_CALL_SECONDS,
    legCheckSeconds: s.LEG_CHECK_SECONDS,
    recoverySeconds: s.RECOVERY_SECONDS,
    redis:
      s.REDIS_URL === undefined
        ? undefined
        : { url: s.REDIS_URL, prefix: s.REDIS_PREFIX, cluster: s.REDIS_CLUSTER ?? false },
    logLevel: s.LOG_LEVEL,
    platform: {
      port: s.PLATFORM_PORT,
      rateLimits: s.PLATFORM_RATE_LIMITS ?? false,
      sandbox: s.PLATFORM_SANDBOX ?? !production,
    },
    sip: {
      host: s.SIP_HOST ?? s.HOST,
      port: s.SIP_PORT,
      publicAddress: s.SIP_PUBLIC_ADDRESS,
      tls:
        s.SIP_TLS_CERT !== undefined && s.SIP_TLS_KEY !== undefined
          ? { port: s.SIP_TLS_PORT, certFile: s.SIP_TLS_CERT, keyFile: s.SIP_TLS_KEY }
          : undefined,
      dialUris: s.SIP_DIAL_URIS ?? false,
      rtpPorts: s.RTP_PORTS,
      silenceSeconds: s.RTP_SILENCE_SECONDS,
      privateAudio: s.AUDIO_PRIVATE_HOSTS ?? false,
      languagesDir: s.SPEECH_LANGUAGES_DIR,
      recordingsDir: s.RECORDINGS_DIR,
    },
    sipPassword: s.SIP_PASSWORD ?? randomText(12),
    sipPasswordMadeUp: s.SIP_PASSWORD === undefined,
  };
}

function isRedisUrl(text: string): boolean {
  return URL.canParse(text) && /^rediss?:$/.test(new URL(text).protocol) && new URL(text).hostname !== '';
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
