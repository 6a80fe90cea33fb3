/**
 * Whether a platform elsewhere takes our credentials, and whether its application leads here. It is asked in the
 * background, at start and again, so that a probe of `/readyz` costs nothing.
 */
import { z } from 'zod';
import { RefusedError } from '../errors';
import type { ProviderCheck, ProviderFault } from '../provider';
import type { ApiHttp } from './http';
import { messageOf } from '../../support/errors';
import { redactUrl, type Logger } from '../../support/logger';
import { APPLICATION_NAME } from './provisioning/provision';

export interface Finding {
  fault: ProviderFault;
  /** For the log: what is wrong, and what to do. */
  text: string;
  /** The server can work all the same. */
  harmless?: boolean;
}

export interface PlatformCheckOptions {
  http: Pick<ApiHttp, 'send' | 'userPath'>;
  /** With the credentials that callbacks must carry. */
  webhookUrl: () => string;
  log: Logger;
  /** ms, of a clock that does not jump */
  now?: () => number;
}

/** When a platform that is in order is asked again, ms. */
const RECHECK_MS = 60_000;
/** A server that was ready stays so until a fault was found so often in a row: one lost request must not stop it. */
const FINDINGS_IN_A_ROW = 3;

const applications = z.array(z.object({ name: z.string(), incomingCallUrl: z.string().nullish() }));

export function createPlatformCheck(options: PlatformCheckOptions): ProviderCheck {
  const { http, webhookUrl, log, now = () => performance.now() } = options;
  let wasReady = false;
  let inARow = 0;
  let last: Finding | undefined;
  let askedAt = -Infinity;
  let blocking: ProviderFault | undefined;

  const ask = async (): Promise<Finding | undefined> => {
    try {
      const { body } = await http.send('GET', http.userPath('/applications?size=1000'));
      const parsed = applications.safeParse(body);
      return parsed.success ? judge(parsed.data, webhookUrl()) : unreachable('its reply is not of the v1 API');
    } catch (error) {
      return explain(error);
    }
  };

  const take = (found: Finding | undefined): void => {
    if (found && (found.fault !== last?.fault || found.text !== last.text))
      log.warn({ event: 'platform-check-failed', fault: found.fault }, found.text);
    if (!found && last) log.info({ event: 'platform-check-passed' }, 'The platform is in order');
    last = found;
    const fault = found?.harmless ? undefined : found?.fault;
    inARow = fault === undefined ? 0 : inARow + 1;
    if (fault === undefined) wasReady = true;
    // Calls that are up still need this server, wherever new ones go.
    const isLate = wasReady && (fault === 'application-url' || inARow < FINDINGS_IN_A_ROW);
    blocking = isLate ? undefined : fault;
  };

  const check = async (): Promise<void> => {
    askedAt = now();
    take(await ask());
  };
  let first: Promise<void> | undefined;

  return {
    run() {
      if (last === undefined && now() - askedAt < RECHECK_MS) return first ?? Promise.resolve();
      const running = check();
      first ??= running;
      return running;
    },
    async fault() {
      await first;
      return blocking;
    },
  };
}

function explain(error: unknown): Finding {
  const status = error instanceof RefusedError ? error.status : undefined;
  if (status === 401 || status === 403)
    return {
      fault: 'platform-credentials',
      text: `The platform refuses the credentials (${status}); check BANDWIDTH_API_TOKEN, BANDWIDTH_API_SECRET and BANDWIDTH_USER_ID`,
    };
  if (status === 404)
    return {
      fault: 'platform-credentials',
      text: 'The platform does not know the account (404); check BANDWIDTH_USER_ID and BANDWIDTH_API_URL',
    };
  return unreachable(messageOf(error));
}

const unreachable = (why: string): Finding => ({
  fault: 'platform-unreachable',
  text: `The platform cannot be used (${why}); check BANDWIDTH_API_URL and that the platform is up`,
});

/** Whether some application of the account leads to this server. */
export function judge(found: z.infer<typeof applications>, webhookUrl: string): Finding | undefined {
  const urls = found.map(({ incomingCallUrl }) => incomingCallUrl ?? '');
  const wanted = placeOf(webhookUrl);
  if (urls.some((url) => hrefOf(url) === hrefOf(webhookUrl))) return undefined;
  const remedy = 'run npm run provision';
  if (urls.some((url) => placeOf(url) === wanted))
    return {
      fault: 'application-url',
      text: `The application's incomingCallUrl has other credentials than WEBHOOK_USERNAME and WEBHOOK_PASSWORD: its events get 401; ${remedy}`,
    };
  const own = found.find(({ name }) => name === APPLICATION_NAME);
  const text = own
    ? `The application's incomingCallUrl is ${redactUrl(own.incomingCallUrl ?? '(none)')}, not ${wanted}: incoming calls do not come here; ${remedy}, or correct PUBLIC_BASE_URL`
    : `No application leads to ${wanted}: incoming calls do not come here; ${remedy}`;
  return { fault: 'application-url', text, ...(!own && { harmless: true }) };
}

const hrefOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).href : undefined);

/** Without its credentials. */
function placeOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  url.username = url.password = '';
  return url.href;
}
