/** The settings: what they come to, and what must go together. How each is spelled: settings.ts. */
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
  }>;
  readonly lines: readonly Line[];
  /** Of each endpoint of `lines`. */
  readonly sipPasswords: ReadonlyMap<string, SipPassword>;
  /** undefined: the lines are those of LINES */
  readonly linesFile: string | undefined;
  readonly defaultCountry: CountryCode;
  readonly webhookCredentials: Readonly<Credentials> | undefined;
  readonly apiToken: string | undefined;
  /** Which credentials this process made up: no setting has them. */
  readonly generated: Readonly<{ account: boolean } & Access['generated']>;
  /** Paths that take requests without credentials because of ALLOW_OPEN. */
  readonly open: readonly string[];
  /** How the platform sends events; events by GET are taken only where it is GET. */
  readonly webhookMethod: 'GET' | 'POST';
  /** Origins of web pages that may send requests. */
  readonly origins: Readonly<{
    own: readonly string[];
    allowed: readonly string[];
    webSocket: readonly string[] | '*';
  }>;
  readonly callTimeoutSeconds: number;
  readonly maxCallSeconds: number;
  readonly legCheckSeconds: number;
  /** Whose number a called phone shows. */
  readonly callerId: 'line' | 'caller';
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
    /** Where phones may forward their calls. */
    forward: 'off' | 'endpoints' | 'all';
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
  /** Endpoints that share SIP_PASSWORD. */
  readonly sharedPassword: readonly string[];
}

/** What a command needs of the settings, beyond that each is valid. */
export type Purpose = 'serve' | 'platform' | 'provision' | 'demo';

type Given = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings.
 * @param purpose credentials are required only for what uses them
 * @param readText of LINES_FILE
 * @throws ConfigError with every fault at once
 */
export function loadConfig(env: Given, purpose: Purpose = 'serve', readText: ReadText = noFiles): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([name, value]) => Object.hasOwn(settings.shape, name) && value !== ''),
  );
  const parsed = settings.safeParse(given);
  const faults = parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  // What goes together is checked on what was given, so that all faults are reported at once.
  const lines = readLines(given, readText);
  faults.push(...faultsOfCredentials(given), ...lines.faults, ...faultsOfEndpoints(lines, given, purpose));
  if (purpose === 'serve') faults.push(...faultsOfAccess(accessSettings(given), reachOf(given)));
  faults.push(...faultsOfPorts(given, listenersOf(given, purpose)));
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults);
  const access = purpose === 'serve' ? accessOf(accessSettings(given), reachOf(given)) : undefined;
  return Object.freeze(toConfig(parsed.data, lines, access ?? { ...accessSettings(given), ...CLIENT }));
}

/** What is not a server has nothing open, and knows only what is set. */
const CLIENT = { generated: { webhooks: false, apiToken: false }, open: [] };

/** Endpoints that are to be created must be below the platform's SIP domain; those of another platform may be anywhere. */
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

/** What a command listens on, by the settings of the ports. */
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
