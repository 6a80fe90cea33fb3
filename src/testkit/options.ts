/** The command line. */
import { parseArgs } from 'node:util';
import { UsageError, messageOf } from '../support/errors';
import { parseFaults } from './fault-settings';
import { LINE, PHONE, type Faults } from './platform';
import { isHttpUrl } from './platform/replies';
import { scenariosNamed, USUAL_TIME_SCALE, type NamedScenario } from './scenarios';

/** The request that makes the app call somebody; `{to}` stands for the number. */
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
  /** Instead of the platform's ten seconds, or of what the app asks for, ms. */
  callbackTimeoutMs: number | undefined;
  listen: { host: string; port: number };
  publicUrl: string | undefined;
  user: { id: string; token: string; secret: string };
  number: string;
  endpoint: string;
  speak: SpeakRequest | undefined;
  scenarios: readonly NamedScenario[];
  faults: Faults;
  /** As it was written. */
  faultsText: string;
  calls: number;
  concurrency: number;
  seed: number;
  timeScale: number;
  /** How long legs may stay up after the last call, at most, ms. */
  settleMs: number;
  /** How long to wait for the app to come up, ms. */
  waitMs: number;
  /** The number of the one call of the second pass that is played, if any. */
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
 * @param randomSeed where none is given
 * @returns what to do; or what to print, instead of doing anything
 * @throws UsageError
 */
export function parseOptions(args: readonly string[], randomSeed: number): Options | 'help' | 'list' {
  const flags = readFlags(args);
  if (flags.help) return 'help';
  if (flags.list) return 'list';
  if (flags.url === undefined)
    throw new UsageError('--url is missing: the incomingCallUrl of the app, like http://127.0.0.1:3000/webhooks/voice');
  const { listen, speakUrl } = { listen: flags.listen, speakUrl: flags['speak-url'] };
  const speak = speakUrl === undefined ? undefined : httpUrl('speak-url', speakUrl.replaceAll('{to}', 'to'));
  const scenarios = scenariosNamed((flags.scenario ?? []).flatMap((names) => names.split(','))).filter(
    ({ kind }) => speak !== undefined || kind !== 'speak',
  );
  if (scenarios.length === 0)
    throw new UsageError('speak scenarios need --speak-url: a webhook alone cannot start them');
  return {
    url: httpUrl('url', flags.url),
    fallbackUrl: flags['fallback-url'] === undefined ? undefined : httpUrl('fallback-url', flags['fallback-url']),
    callbackMethod: methodOf(flags['callback-method']),
    callbackTimeoutMs:
      flags['callback-timeout'] === undefined
        ? undefined
        : whole('callback-timeout', flags['callback-timeout'], 1, 60_000),
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
    calls: whole('calls', flags.calls, 1, 1_000_000),
    concurrency: whole('concurrency', flags.concurrency, 1, 1_000),
    seed: flags.seed === undefined ? randomSeed : whole('seed', flags.seed, 0, 0xffffffff),
    timeScale: decimal('time-scale', flags['time-scale'], 0.001, 10),
    settleMs: decimal('settle', flags.settle, 0, 86_400) * 1000,
    waitMs: decimal('wait', flags.wait, 0, 86_400) * 1000,
    onlyCall: flags.call === undefined ? undefined : whole('call', flags.call, 1, 1_000_000),
    json: flags.json,
    junit: flags.junit,
  };
}

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(`${messageOf(error)}\n--help explains all options`, { cause: error });
  }
}

function httpUrl(flag: string, text: string): string {
  if (isHttpUrl(text)) return text;
  throw new UsageError(`--${flag}: "${text}" is no http(s) URL`);
}

function methodOf(text: string): 'GET' | 'POST' {
  const method = text.toUpperCase();
  if (method === 'GET' || method === 'POST') return method;
  throw new UsageError('--callback-method is GET or POST');
}

function listenAt(text: string): { host: string; port: number } {
  const [, host = '', port = ''] = /^\[?([^\]]*?)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (host === '' || Number(port) > 65_535)
    throw new UsageError(`--listen: "${text}" is no host:port, like 127.0.0.1:4001 or 0.0.0.0:4001`);
  return { host, port: Number(port) };
}

function e164(text: string): string {
  if (/^\+[1-9]\d{4,14}$/.test(text)) return text;
  throw new UsageError(`--number: "${text}" is not E.164, like +15551234567`);
}

function sipUri(text: string): string {
  if (/^sips?:[^@\s]+@[^@\s]+$/i.test(text)) return text;
  throw new UsageError(`--endpoint: "${text}" is no SIP URI, like ${PHONE}`);
}

/** Of the same name the last one counts. */
function headersOf(texts: readonly string[]): Headers {
  const headers = new Headers({ 'content-type': 'application/json' });
  for (const text of texts) {
    const at = text.indexOf(':');
    const name = text.slice(0, Math.max(at, 0)).trim();
    // `fetch` collects headers in a plain object, and would drop it.
    if (name === '__proto__') throw new UsageError(`--speak-header: "${name}" cannot be sent; use another name`);
    try {
      headers.set(name, text.slice(at + 1));
    } catch (error) {
      throw new UsageError(`--speak-header: "${text}" is not a header; write name: value`, { cause: error });
    }
  }
  return headers;
}

function whole(flag: string, text: string, min: number, max: number): number {
  const value = decimal(flag, text, min, max);
  if (Number.isInteger(value)) return value;
  throw new UsageError(`--${flag}: "${text}" is no whole number`);
}

function decimal(flag: string, text: string, min: number, max: number): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= min && value <= max) return value;
  throw new UsageError(`--${flag}: "${text}" is no number from ${min} to ${max}`);
}
