/** Loads the configuration and checks settings that depend on each other. Each setting by itself: settings.ts. */
import type { CountryCode } from 'libphonenumber-js/min';
import {
  accessOf,
  accessSettings,
  defaultHost,
  faultsOfAccess,
  reachOf,
  type Access,
  type AccessSettings,
  type Credentials,
} from './access';
import { TandemError } from '../support/errors';
import type { Line } from '../dial-plan/dial-plan';
import { noFiles, passwordsOf, readLines, type ReadText, type SipPassword } from './line-settings';
import { shown, type ParsedLines } from './lines';
import { randomText } from '../support/ids';
import { MAX_DOMAIN_NAME_LENGTH, SIP_DOMAIN_SUFFIX } from '../v1-wire/resources';
import { faultsOfPorts, type Listener } from './setting-conflicts';
import { settings, type Settings } from './settings';

/** Lists every invalid setting with its remedy. */
export class ConfigError extends TandemError {
  readonly code = 'bad-settings';
  constructor(readonly faults: readonly string[]) {
    super(`invalid settings:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
  }
}

/** A SIP URI whose domain is one label below the platform's SIP domain. */
const PROVISIONABLE = new RegExp(
  `@[a-z][a-z0-9-]{0,${MAX_DOMAIN_NAME_LENGTH - 1}}\\.${SIP_DOMAIN_SUFFIX.replaceAll('.', '\\.')}$`,
);

export interface Config {
  readonly production: boolean;
  readonly host: string;
  /** 0: the system chooses the port */
  readonly port: number;
  /** The origin at which the platform reaches Tandem; undefined: the address on which Tandem listens. */
  readonly publicBaseUrl: string | undefined;
  readonly api: Readonly<{
    /** undefined: the embedded platform */
    url: string | undefined;
    userId: string;
    token: string;
    secret: string;
    /** ms */
    timeoutMs: number;
  }>;
  readonly lines: readonly Line[];
  /** By endpoint, for every endpoint of `lines`. */
  readonly sipPasswords: ReadonlyMap<string, SipPassword>;
  /** undefined: LINES has the lines */
  readonly linesFile: string | undefined;
  readonly defaultCountry: CountryCode;
  readonly webhookCredentials: Readonly<Credentials> | undefined;
  readonly apiToken: string | undefined;
  /** Whether this process generated the credentials, because no setting has them. */
  readonly generated: Readonly<{ account: boolean } & Access['generated']>;
  /** Paths that take requests without credentials because of ALLOW_OPEN. */
  readonly open: readonly string[];
  /** The method of the platform's events. Tandem accepts events by GET only if it is GET. */
  readonly webhookMethod: 'GET' | 'POST';
  /** Origins of web pages that may send requests to Tandem and the platform. */
  readonly origins: Readonly<{
    own: readonly string[];
    allowed: readonly string[];
    webSocket: readonly string[] | '*';
  }>;
  readonly callTimeoutSeconds: number;
  readonly maxCallSeconds: number;
  readonly legCheckSeconds: number;
  /** The number that a called phone shows. */
  readonly callerId: 'line' | 'caller';
  /** How long calls may continue after SIGTERM. */
  readonly drainSeconds: number;
  /** The interval at which the engine compares the platform's calls with its sessions; 0: only at start */
  readonly recoverySeconds: number;
  /** undefined: the store is in memory */
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
    /** UDP and TCP; 0: the system chooses the port */
    port: number;
    /** The address that phones send to; undefined: the address at which they reach this machine. */
    publicAddress: string | undefined;
    /** PEM files; undefined: no TLS */
    tls: { port: number; certFile: string; keyFile: string } | undefined;
    /** Whether calls to SIP URIs outside of the account are allowed. */
    dialUris: boolean;
    /** Where phones may forward their calls. */
    forward: 'off' | 'endpoints' | 'all';
    /** Concurrent calls of one endpoint; 0: no limit */
    callsPerEndpoint: number;
    /** undefined: the system chooses the ports */
    rtpPorts: { from: number; to: number } | undefined;
    /** The platform ends a call after this time without RTP; s; 0: never */
    silenceSeconds: number;
    /** Whether `fileUrl` may name hosts of private networks. */
    privateAudio: boolean;
    /** Directory with language files; undefined: English only */
    languagesDir: string | undefined;
    /** undefined: a temporary directory */
    recordingsDir: string | undefined;
  }>;
  /** Endpoints that share SIP_PASSWORD. */
  readonly sharedPassword: readonly string[];
}

/** The command that uses the settings. It decides which settings are required. */
export type Purpose = 'serve' | 'platform' | 'provision' | 'demo';

type Given = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings.
 * @param purpose the command; credentials are required only if it uses them
 * @param readText reads LINES_FILE
 * @throws ConfigError with all faults
 */
export function loadConfig(env: Given, purpose: Purpose = 'serve', readText: ReadText = noFiles): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([name, value]) => Object.hasOwn(settings.shape, name) && value !== ''),
  );
  const parsed = settings.safeParse(given);
  const faults = parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  // Checks dependencies on the unparsed settings, so that one start reports all faults.
  const lines = readLines(given, readText);
  faults.push(...faultsOfCredentials(given), ...lines.faults, ...faultsOfEndpoints(lines, given, purpose));
  if (purpose === 'serve') faults.push(...faultsOfAccess(accessSettings(given), reachOf(given)));
  faults.push(...faultsOfPorts(given, listenersOf(given, purpose)));
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults);
  const access = purpose === 'serve' ? accessOf(accessSettings(given), reachOf(given)) : undefined;
  return Object.freeze(toConfig(parsed.data, lines, access ?? { ...accessSettings(given), ...CLIENT }));
}

/** Commands that are not servers open nothing and generate nothing. */
const CLIENT = { generated: { webhooks: false, apiToken: false }, open: [] };

/** An endpoint that Tandem creates must be below the platform's SIP domain. Other platforms may use any domain. */
function faultsOfEndpoints({ lines, faults }: ParsedLines, given: Given, purpose: Purpose): string[] {
  const isEmbedded = purpose === 'serve' && given['BANDWIDTH_API_URL'] === undefined;
  if (!(isEmbedded || purpose === 'provision') || faults.length > 0) return [];
  const name = given['LINES_FILE'] === undefined ? 'LINES' : 'LINES_FILE';
  return lines
    .filter(({ endpoint }) => !PROVISIONABLE.test(endpoint))
    .map(
      ({ endpoint }) =>
        `${name} has the endpoint ${shown(endpoint)}, which cannot be created; write it as sip:user@domain.${SIP_DOMAIN_SUFFIX}, domain of at most ${MAX_DOMAIN_NAME_LENGTH} letters, digits and dashes, a letter first`,
    );
}

/** Lists what a command listens on, by the name of the port setting. */
function listenersOf(given: Given, purpose: Purpose): Listener[] {
  const { host } = reachOf(given);
  const sipHost = given['SIP_HOST'] ?? '0.0.0.0';
  const app: Listener[] = purpose === 'serve' ? [{ setting: 'PORT', host }] : [];
  const hasPlatform = purpose === 'platform' || (purpose === 'serve' && given['BANDWIDTH_API_URL'] === undefined);
  if (!hasPlatform) return app;
  const tls: Listener[] = given['SIP_TLS_CERT'] === undefined ? [] : [{ setting: 'SIP_TLS_PORT', host: sipHost }];
  return [...app, { setting: 'PLATFORM_PORT', host }, { setting: 'SIP_PORT', host: sipHost }, ...tls];
}

function faultsOfCredentials(given: Given): string[] {
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
  if (
    given['WEBHOOK_METHOD'] === 'GET' &&
    username === undefined &&
    (given['BANDWIDTH_API_URL'] !== undefined || given['ALLOW_OPEN'] === 'on')
  )
    faults.push('WEBHOOK_USERNAME and WEBHOOK_PASSWORD are missing; WEBHOOK_METHOD=GET needs them');
  return faults;
}

function toConfig(s: Settings, lines: ParsedLines, access: Omit<Access & AccessSettings, 'allowOpen'>): Config {
  const production = s.NODE_ENV === 'production';
  const shared = new Set(lines.lines.map(({ endpoint }) => endpoint).filter((each) => !lines.passwords.has(each)));
  return {
    production,
    host: s.HOST ?? defaultHost(production),
    port: s.PORT,
    publicBaseUrl: s.PUBLIC_BASE_URL,
    api: {
      url: s.BANDWIDTH_API_URL,
      userId: s.BANDWIDTH_USER_ID ?? 'u-tandem',
      token: s.BANDWIDTH_API_TOKEN ?? `t-${randomText(23)}`,
      secret: s.BANDWIDTH_API_SECRET ?? `s-${randomText(23)}`,
      timeoutMs: s.COMMAND_TIMEOUT_MS,
    },
    lines: lines.lines,
    sipPasswords: passwordsOf(lines, s.SIP_PASSWORD),
    linesFile: s.LINES_FILE,
    defaultCountry: s.DEFAULT_COUNTRY,
    webhookCredentials: access.webhooks,
    apiToken: access.apiToken,
    generated: { account: s.BANDWIDTH_API_TOKEN === undefined, ...access.generated },
    open: access.open,
    webhookMethod: s.WEBHOOK_METHOD,
    origins: {
      own: s.PUBLIC_BASE_URL === undefined ? [] : [new URL(s.PUBLIC_BASE_URL).origin],
      allowed: s.ALLOWED_ORIGINS,
      webSocket: s.SIP_WS_ORIGINS,
    },
    callTimeoutSeconds: s.CALL_TIMEOUT_SECONDS,
    maxCallSeconds: s.MAX_CALL_SECONDS,
    legCheckSeconds: s.LEG_CHECK_SECONDS,
    callerId: s.CALLER_ID,
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
      host: s.SIP_HOST,
      port: s.SIP_PORT,
      publicAddress: s.SIP_PUBLIC_ADDRESS,
      tls:
        s.SIP_TLS_CERT !== undefined && s.SIP_TLS_KEY !== undefined
          ? { port: s.SIP_TLS_PORT, certFile: s.SIP_TLS_CERT, keyFile: s.SIP_TLS_KEY }
          : undefined,
      dialUris: s.SIP_DIAL_URIS ?? false,
      forward: s.SIP_FORWARD,
      callsPerEndpoint: s.SIP_CALLS_PER_ENDPOINT,
      rtpPorts: s.RTP_PORTS,
      silenceSeconds: s.RTP_SILENCE_SECONDS,
      privateAudio: s.AUDIO_PRIVATE_HOSTS ?? false,
      languagesDir: s.SPEECH_LANGUAGES_DIR,
      recordingsDir: s.RECORDINGS_DIR,
    },
    sharedPassword: s.SIP_PASSWORD !== undefined && shared.size > 1 ? [...shared] : [],
  };
}
