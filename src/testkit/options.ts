/** Parses the command line. */
import { parseArgs } from 'node:util';
import { UsageError, messageOf } from '../support/errors';
import { parseFaults } from './fault-settings';
import { LINE, PHONE, type Faults } from './platform';
import { isHttpUrl } from './platform/replies';
import { scenariosNamed, USUAL_TIME_SCALE, type NamedScenario } from './scenarios';

/** The request that makes the app call the number that replaces `{to}`. */
export interface SpeakRequest {
  url: string;
  method: string;
  body: string;
  headers: Headers;
}

export interface Options {
  url: string;
  fallbackUrl: string | undefined;
  callbackMethod: 'GET' | 'POST';
  /** Overrides the timeout of the app and the default of ten seconds, ms. */
  callbackTimeoutMs: number | undefined;
  listen: { host: string; port: number };
  publicUrl: string | undefined;
  user: { id: string; token: string; secret: string };
  number: string;
  endpoint: string;
  speak: SpeakRequest | undefined;
  scenarios: readonly NamedScenario[];
  faults: Faults;
  /** The unparsed text of `--faults`. */
  faultsText: string;
  calls: number;
  concurrency: number;
  seed: number;
  timeScale: number;
  /** How long legs may stay up after the last call, ms. */
  settleMs: number;
  /** How long to wait until the app accepts connections, ms. */
  waitMs: number;
  /** The number of the only call to play in the second pass; undefined: all. */
  onlyCall: number | undefined;
  json: string | undefined;
  junit: string | undefined;
}

const FLAGS = {
  url: { type: 'string' },
  'fallback-url': { type: 'string' },
  'callback-method': { type: 'string', default: 'POST' },
  'callback-timeout': { type: 'string' },
  listen: { type: 'string', default: '127.0.0.1:0' },
  'public-url': { type: 'string' },
  'user-id': { type: 'string', default: 'u-testkit' },
  'api-token': { type: 'string', default: 't-testkit' },
  'api-secret': { type: 'string', default: 's-testkit' },
  number: { type: 'string', default: LINE },
  endpoint: { type: 'string', default: PHONE },
  'speak-url': { type: 'string' },
  'speak-method': { type: 'string', default: 'POST' },
  'speak-body': { type: 'string', default: '{"to":"{to}","sentence":"Hello from the test kit"}' },
  'speak-header': { type: 'string', multiple: true },
  scenario: { type: 'string', multiple: true },
  faults: { type: 'string', default: 'all' },
  calls: { type: 'string', default: '100' },
  concurrency: { type: 'string', default: '10' },
  seed: { type: 'string' },
  'time-scale': { type: 'string', default: String(USUAL_TIME_SCALE) },
  settle: { type: 'string', default: '60' },
  wait: { type: 'string', default: '0' },
  call: { type: 'string' },
  json: { type: 'string' },
  junit: { type: 'string' },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/**
 * @param randomSeed the seed without `--seed`
 * @returns the options; or the text to print instead of a run
 * @throws UsageError
 */
export function parseOptions(args: readonly string[], randomSeed: number): Options | 'help' | 'list' {
  const flags = readFlags(args);
  if (flags.help) return 'help';
  if (flags.list) return 'list';
  if (flags.url === undefined)
    throw new UsageError(
      '--url is missing; set it to the incomingCallUrl of the app, like http://127.0.0.1:3000/webhooks/voice',
    );
  const { listen, speakUrl } = { listen: flags.listen, speakUrl: flags['speak-url'] };
  const speak = speakUrl === undefined ? undefined : httpUrl('speak-url', speakUrl.replaceAll('{to}', 'to'));
  const scenarios = scenariosNamed((flags.scenario ?? []).flatMap((names) => names.split(','))).filter(
    ({ kind }) => speak !== undefined || kind !== 'speak',
  );
  if (scenarios.length === 0)
    throw new UsageError('speak scenarios need --speak-url, as a webhook cannot make the app call');
  return {
    url: httpUrl('url', flags.url),
    fallbackUrl: flags['fallback-url'] === undefined ? undefined : httpUrl('fallback-url', flags['fallback-url']),
    callbackMethod: methodOf(flags['callback-method']),
    callbackTimeoutMs:
      flags['callback-timeout'] === undefined
        ? undefined
        : integer('callback-timeout', flags['callback-timeout'], 1, 60_000),
    listen: listenAt(listen),
    publicUrl:
      flags['public-url'] === undefined ? undefined : httpUrl('public-url', flags['public-url']).replace(/\/+$/, ''),
    user: { id: flags['user-id'], token: flags['api-token'], secret: flags['api-secret'] },
    number: e164(flags.number),
    endpoint: sipUri(flags.endpoint),
    speak:
      speak === undefined || speakUrl === undefined
        ? undefined
        : {
            url: speakUrl,
            method: flags['speak-method'].toUpperCase(),
            body: flags['speak-body'],
            headers: headersOf(flags['speak-header'] ?? []),
          },
    scenarios,
    faults: parseFaults(flags.faults),
    faultsText: flags.faults,
    calls: integer('calls', flags.calls, 1, 1_000_000),
    concurrency: integer('concurrency', flags.concurrency, 1, 1_000),
    seed: flags.seed === undefined ? randomSeed : integer('seed', flags.seed, 0, 0xffffffff),
    timeScale: decimal('time-scale', flags['time-scale'], 0.001, 10),
    settleMs: decimal('settle', flags.settle, 0, 86_400) * 1000,
    waitMs: decimal('wait', flags.wait, 0, 86_400) * 1000,
    onlyCall: flags.call === undefined ? undefined : integer('call', flags.call, 1, 1_000_000),
    json: flags.json,
    junit: flags.junit,
  };
}

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(`${messageOf(error)}\nsee --help for all options`, { cause: error });
  }
}

function httpUrl(flag: string, text: string): string {
  if (isHttpUrl(text)) return text;
  throw new UsageError(`--${flag} must be an http or https URL (got "${text}")`);
}

function methodOf(text: string): 'GET' | 'POST' {
  const method = text.toUpperCase();
  if (method === 'GET' || method === 'POST') return method;
  throw new UsageError(`--callback-method must be GET or POST (got "${text}")`);
}

function listenAt(text: string): { host: string; port: number } {
  const [, host = '', port = ''] = /^\[?([^\]]*?)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (host === '' || Number(port) > 65_535)
    throw new UsageError(`--listen must be host:port like 127.0.0.1:4001 or 0.0.0.0:4001 (got "${text}")`);
  return { host, port: Number(port) };
}

function e164(text: string): string {
  if (/^\+[1-9]\d{4,14}$/.test(text)) return text;
  throw new UsageError(`--number must be an E.164 number like +15551234567 (got "${text}")`);
}

function sipUri(text: string): string {
  if (/^sips?:[^@\s]+@[^@\s]+$/i.test(text)) return text;
  throw new UsageError(`--endpoint must be a SIP URI like ${PHONE} (got "${text}")`);
}

/** The last header of a name wins. */
function headersOf(texts: readonly string[]): Headers {
  const headers = new Headers({ 'content-type': 'application/json' });
  for (const text of texts) {
    const at = text.indexOf(':');
    const name = text.slice(0, Math.max(at, 0)).trim();
    // `fetch` collects headers in a plain object, which would lose this name.
    if (name === '__proto__') throw new UsageError(`--speak-header: "${name}" cannot be sent; use another name`);
    try {
      headers.set(name, text.slice(at + 1));
    } catch (error) {
      throw new UsageError(`--speak-header must be a header like "name: value" (got "${text}")`, { cause: error });
    }
  }
  return headers;
}

function integer(flag: string, text: string, min: number, max: number): number {
  const value = numberOf(text);
  if (value >= min && value <= max && Number.isInteger(value)) return value;
  throw new UsageError(`--${flag} must be an integer between ${min} and ${max} (got "${text}")`);
}

function decimal(flag: string, text: string, min: number, max: number): number {
  const value = numberOf(text);
  if (value >= min && value <= max) return value;
  throw new UsageError(`--${flag} must be a number between ${min} and ${max} (got "${text}")`);
}

const numberOf = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text));
