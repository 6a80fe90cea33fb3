/** The settings: what they come to, and what must go together. How each is spelled: settings.ts. */
import type { CountryCode } from 'libphonenumber-js/min';
import { TandemError } from './errors';
import type { Line } from './flows/dial-plan';
import { randomText } from './protocol/ids';
import { MAX_DOMAIN_NAME_LENGTH, SIP_DOMAIN_SUFFIX } from './protocol/resources';
import { faultsOfPorts, type Listener } from './setting-conflicts';
import { SETTING_NAMES, settings, type Settings } from './settings';

/** Every setting that is wrong, each with what to do about it. */
export class ConfigError extends TandemError {
  readonly code = 'bad-settings';
  constructor(readonly faults: readonly string[]) {
    super(`the settings are not valid:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
  }
}

/** One label below the platform's SIP domain. */
const PROVISIONABLE = new RegExp(
  `@[a-z][a-z0-9-]{0,${MAX_DOMAIN_NAME_LENGTH - 1}}\\.${SIP_DOMAIN_SUFFIX.replaceAll('.', '\\.')}$`,
);

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
  /** How the platform sends events; events by GET are taken only where it is GET. */
  readonly webhookMethod: 'GET' | 'POST';
  readonly apiToken: string | undefined;
  /** Origins of web pages that may send requests. */
  readonly origins: Readonly<{
    own: readonly string[];
    allowed: readonly string[];
    webSocket: readonly string[] | '*';
  }>;
  readonly callTimeoutSeconds: number;
  readonly maxCallSeconds: number;
  readonly legCheckSeconds: number;
  /** How long calls may go on at SIGTERM. */
  readonly drainSeconds: number;
  /** How often the platform's calls are compared with the flows; 0: only at start */
  readonly recoverySeconds: number;
  /** undefined: the flows are kept in memory */
  readonly redis: Readonly<{ url: string; prefix: string; cluster: boolean }> | undefined;
  readonly logLevel: Settings['LOG_LEVEL'];
  readonly logNumbers: 'full' | 'masked';
  readonly callRecords: Readonly<{
    file: string | undefined;
    post: Readonly<{ url: string; secret: string }> | undefined;
  }>;
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
    /** Calls that one endpoint may make at once; 0: any number */
    callsPerEndpoint: number;
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
    SETTING_NAMES.filter((name) => /^(BANDWIDTH|WEBHOOK|PUBLIC|API|CALL_RECORDS)_/.test(name)).map((name) => [
      name,
      '',
    ]),
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
    DRAIN_SECONDS: '0',
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
  const given = Object.fromEntries(
    Object.entries(env).filter(([name, value]) => Object.hasOwn(settings.shape, name) && value !== ''),
  );
  const parsed = settings.safeParse(given);
  const faults = parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  // What goes together is checked on what was given, so that all faults are told at once.
  faults.push(...faultsOfCredentials(given, purpose), ...faultsOfLines(given, purpose));
  faults.push(...faultsOfPorts(given, listenersOf(given, purpose)));
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(toConfig(parsed.data));
}

/** Endpoints that are to be created must be below the platform's SIP domain; those of another platform may be anywhere. */
function faultsOfLines(given: Record<string, string | undefined>, purpose: Purpose): string[] {
  const parsed = settings.shape.LINES.safeParse(given['LINES']);
  const isEmbedded = purpose === 'serve' && given['BANDWIDTH_API_URL'] === undefined;
  if (!parsed.success || !(isEmbedded || purpose === 'provision')) return [];
  return parsed.data
    .filter(({ endpoint }) => !PROVISIONABLE.test(endpoint))
    .map(
      ({ endpoint }) =>
        `LINES has the endpoint ${endpoint}, which cannot be created; write it as sip:user@domain.${SIP_DOMAIN_SUFFIX}, domain of at most ${MAX_DOMAIN_NAME_LENGTH} letters, digits and dashes, a letter first`,
    );
}

/** What a command listens on, by the settings of the ports. */
function listenersOf(given: Readonly<Record<string, string | undefined>>, purpose: Purpose): Listener[] {
  const host = given['HOST'] ?? '0.0.0.0';
  const sipHost = given['SIP_HOST'] ?? host;
  const app: Listener[] = purpose === 'serve' ? [{ setting: 'PORT', host }] : [];
  const hasPlatform = purpose === 'platform' || (purpose === 'serve' && given['BANDWIDTH_API_URL'] === undefined);
  if (!hasPlatform) return app;
  const tls: Listener[] = given['SIP_TLS_CERT'] === undefined ? [] : [{ setting: 'SIP_TLS_PORT', host: sipHost }];
  return [...app, { setting: 'PLATFORM_PORT', host }, { setting: 'SIP_PORT', host: sipHost }, ...tls];
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
  if (given['CALL_RECORDS_URL'] !== undefined && given['CALL_RECORDS_SECRET'] === undefined)
    faults.push('CALL_RECORDS_SECRET is missing; CALL_RECORDS_URL needs it: call records are signed with it');
  if (given['CALL_RECORDS_SECRET'] !== undefined && given['CALL_RECORDS_URL'] === undefined)
    faults.push('CALL_RECORDS_URL is missing; CALL_RECORDS_SECRET needs it');
  if (given['BANDWIDTH_API_TOKEN']?.includes(':'))
    faults.push('BANDWIDTH_API_TOKEN has a colon, which Basic authentication cannot carry; choose another');
  const { WEBHOOK_USERNAME: username, WEBHOOK_PASSWORD: password } = given;
  if (username === undefined && password !== undefined)
    faults.push('WEBHOOK_USERNAME is missing; WEBHOOK_PASSWORD needs it');
  if (username !== undefined && password === undefined)
    faults.push('WEBHOOK_PASSWORD is missing; WEBHOOK_USERNAME needs it');
  if (username?.includes(':'))
    faults.push('WEBHOOK_USERNAME has a colon, which Basic authentication cannot carry; choose another');
  if (given['WEBHOOK_METHOD'] === 'GET' && username === undefined && given['BANDWIDTH_API_URL'] !== undefined)
    faults.push('WEBHOOK_USERNAME and WEBHOOK_PASSWORD are missing; WEBHOOK_METHOD=GET needs them');
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
    webhookMethod: s.WEBHOOK_METHOD,
    apiToken: s.API_TOKEN,
    origins: {
      own: s.PUBLIC_BASE_URL === undefined ? [] : [new URL(s.PUBLIC_BASE_URL).origin],
      allowed: s.ALLOWED_ORIGINS,
      webSocket: s.SIP_WS_ORIGINS,
    },
    callTimeoutSeconds: s.CALL_TIMEOUT_SECONDS,
    maxCallSeconds: s.MAX_CALL_SECONDS,
    legCheckSeconds: s.LEG_CHECK_SECONDS,
    drainSeconds: s.DRAIN_SECONDS,
    recoverySeconds: s.RECOVERY_SECONDS,
    redis:
      s.REDIS_URL === undefined
        ? undefined
        : { url: s.REDIS_URL, prefix: s.REDIS_PREFIX, cluster: s.REDIS_CLUSTER ?? false },
    logLevel: s.LOG_LEVEL,
    logNumbers: s.LOG_NUMBERS ?? (production ? 'masked' : 'full'),
    callRecords: {
      file: s.CALL_RECORDS_FILE,
      post:
        s.CALL_RECORDS_URL !== undefined && s.CALL_RECORDS_SECRET !== undefined
          ? { url: s.CALL_RECORDS_URL, secret: s.CALL_RECORDS_SECRET }
          : undefined,
    },
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
      callsPerEndpoint: s.SIP_CALLS_PER_ENDPOINT,
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
