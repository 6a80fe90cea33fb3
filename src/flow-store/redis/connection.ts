import { messageOf } from '../../errors';
import { redactUrl, type Logger } from '../../logger';
import { printHostPort } from '../../protocol/host-port';
import { StoreUnavailableError } from '../errors';
import { NO_REPLY, within, type Answer, type Caller, type Deadline } from './caller';
import { RedisRefusedError, remedyOf } from './errors';
import { isReply, isUnsent, openLink, type Link, type LinkOptions } from './link';
import { createTroubles } from './troubles';

export interface ConnectionOptions extends Omit<LinkOptions, 'events' | 'connectMs' | 'signal'> {
  log: Logger;
  /** How long one operation may wait for Redis in all, ms. */
  limitMs: number;
  /** How long nothing may come back before a new connection is made, ms. */
  stallMs: number;
  /** Runs on every new connection before anybody else may use it. */
  greet: (caller: Caller) => Promise<void>;
  /** A connection, or a node of the cluster, is gone. */
  onLost: () => void;
}

export interface Connection extends Caller {
  /** When an operation that begins now is given up. */
  deadline(): Deadline;
  ping(): Promise<void>;
  /** Resolves when Redis is there or out of reach; rejects with RedisRefusedError. Goes on trying where it is not there. */
  start(): Promise<void>;
  close(): void;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
const RESEND_AFTER_MS = 40;
const PROBE_AFTER_MS = 200;
/** What a server says that will be able to answer soon. */
const PASSING = /^(LOADING|BUSY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|READONLY) /;

export function createConnection(options: ConnectionOptions): Connection {
  const { log, limitMs } = options;
  const troubles = createTroubles(log);
  const waiting = new Set<() => void>();
  /** Where nothing comes back, since when, and a key to ask for until something does. */
  const stalls = new Map<string, { since: number; key: string }>();
  let probing: NodeJS.Timeout | undefined;
  let link: Link | undefined;
  /** Connected, and not yet greeted. */
  let stranger: Link | undefined;
  const abort = new AbortController();
  let closed = false;
  let retry: NodeJS.Timeout | undefined;
  let pauseMs = FIRST_PAUSE_MS;
  let lastRefusal = '';

  function wakeAll(): void {
    for (const wake of [...waiting]) wake();
  }

  function untilChanged(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        waiting.delete(wake);
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      waiting.add(wake);
    });
  }

  async function ready(until: Deadline): Promise<Link> {
    while (!link) {
      if (closed) throw new StoreUnavailableError('The store is closed');
      const left = until - performance.now();
      if (left <= 0) throw new StoreUnavailableError('Redis is out of reach');
      await untilChanged(left);
    }
    return link;
  }

  function lose(why: string): void {
    link?.destroy();
    link = undefined;
    stalls.clear();
    troubles.only('link', why);
    options.onLost();
    void open().catch(() => undefined);
  }

  /** Makes a link, and comes back later where that fails. Rejects with why it failed. */
  async function open(): Promise<void> {
    let opened: Link | undefined;
    const isCurrent = () => opened !== undefined && opened === link;
    try {
      opened = await openLink({
        ...options,
        connectMs: limitMs,
        signal: abort.signal,
        events: {
          lost: (cause) => {
            if (isCurrent()) lose(safe(cause));
          },
          nodeLost(node, cause) {
            if (!isCurrent()) return;
            troubles.begin(node, `${node}: ${safe(cause)}`);
            options.onLost();
          },
          nodeMended: (node) => troubles.end(node),
        },
      });
      const made = (stranger = opened);
      if (closed) throw new StoreUnavailableError('The store is closed');
      await options.greet(callerOf(() => Promise.resolve(made), false));
    } catch (error) {
      opened?.destroy();
      if (!closed) comeBack(error);
      throw error;
    }
    if (closed) return;
    stranger = undefined;
    link = opened;
    pauseMs = FIRST_PAUSE_MS;
    lastRefusal = '';
    troubles.end('link');
    wakeAll();
  }

  function comeBack(error: unknown): void {
    troubles.begin('link', safe(error));
    const remedy = isReply(error) ? remedyOf(error.message) : undefined;
    const refusal = remedy === undefined ? '' : messageOf(error);
    if (refusal !== '' && refusal !== lastRefusal)
      log.error({ err: refusal, remedy }, 'Redis is there and refuses Tandem');
    lastRefusal = refusal;
    retry = setTimeout(() => void open().catch(() => undefined), pauseMs);
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
  }

  function laneOf(key: string): string {
    return options.cluster ? (/\{\w+\}/.exec(key)?.[0] ?? key) : 'reply';
  }

  function stalled(key: string, sentAt: number, why: string): void {
    const lane = laneOf(key);
    const since = stalls.get(lane)?.since ?? sentAt;
    stalls.set(lane, { since, key });
    troubles.begin(lane, why);
    options.onLost();
    if (performance.now() - since >= options.stallMs) lose(`no reply for ${options.stallMs} ms`);
    else probe();
  }

  /** Otherwise a part of a cluster for which there is no work would never be known to be back. */
  function probe(): void {
    probing ??= setTimeout(() => {
      const asked = [...stalls.values()].map(({ key }) => caller.command(key, ['EXISTS', key]).catch(() => undefined));
      void Promise.all(asked).then(() => {
        probing = undefined;
        if (stalls.size > 0 && !closed) probe();
      });
    }, PROBE_AFTER_MS);
  }

  function answered(key: string): void {
    if (stalls.size === 0 || !stalls.delete(laneOf(key))) return;
    troubles.end(laneOf(key));
  }

  /** @param again whether to send again what was not answered */
  function callerOf(linkOf: (until: Deadline) => Promise<Link>, again: boolean): Caller {
    async function command(key: string, args: string[], until = deadline()): Promise<Answer> {
      let resent = false;
      for (;;) {
        const current = await linkOf(until);
        const sentAt = performance.now();
        if (sentAt >= until) throw new StoreUnavailableError(`Redis did not answer within ${limitMs} ms`);
        try {
          const reply = await within(current.send(key, args), until);
          answered(key);
          return { reply, resent };
        } catch (error) {
          if (closed) throw new StoreUnavailableError('The store is closed');
          if (error === NO_REPLY) {
            if (again && current === link) stalled(key, sentAt, `no reply within ${limitMs} ms`);
            throw new StoreUnavailableError(`Redis did not answer within ${limitMs} ms`);
          }
          if (!again) throw error;
          if (isReply(error)) {
            if (!PASSING.test(error.message)) {
              answered(key);
              if (error.message.startsWith('NOSCRIPT')) throw error;
              throw new StoreUnavailableError(error.message, { cause: error });
            }
            // A server that became a replica: the address may lead to its successor.
            if (!options.cluster && error.message.startsWith('READONLY') && current === link) lose(error.message);
          } else if (!isUnsent(error)) resent = true;
          if (performance.now() + RESEND_AFTER_MS >= until) {
            if (isReply(error) && current === link) stalled(key, sentAt, safe(error));
            throw new StoreUnavailableError(`Redis failed: ${safe(error)}`, { cause: error });
          }
        }
        await untilChanged(RESEND_AFTER_MS);
      }
    }

    return {
      command,
      async script({ source, sha1 }, keys, args, until = deadline()) {
        const rest = [String(keys.length), ...keys, ...args];
        const key = keys[0] ?? '';
        try {
          return await command(key, ['EVALSHA', sha1, ...rest], until);
        } catch (error) {
          if (!isReply(error) || !error.message.startsWith('NOSCRIPT')) throw error;
          return command(key, ['EVAL', source, ...rest], until);
        }
      },
    };
  }

  const deadline = () => performance.now() + limitMs;
  const caller = callerOf(ready, true);

  return {
    ...caller,
    deadline,
    async ping() {
      const until = deadline();
      try {
        await within((await ready(until)).ping(), until);
      } catch (error) {
        if (error instanceof StoreUnavailableError) throw error;
        throw new StoreUnavailableError(error === NO_REPLY ? 'Redis does not answer' : safe(error));
      }
    },
    async start() {
      try {
        await open();
      } catch (error) {
        const remedy = isReply(error) ? remedyOf(error.message) : undefined;
        if (remedy === undefined) {
          const { address } = options;
          const redis = `redis${address.tls ? 's' : ''}://${printHostPort(address)}`;
          log.warn(
            { redis, err: safe(error) },
            'Redis is out of reach, and is waited for; is it up, and REDIS_URL right?',
          );
          return;
        }
        close();
        throw new RedisRefusedError(`Redis refuses Tandem: ${messageOf(error)}; ${remedy}`, { cause: error });
      }
    },
    close,
  };

  function close(): void {
    closed = true;
    clearTimeout(retry);
    clearTimeout(probing);
    abort.abort();
    stranger?.destroy();
    link?.destroy();
    link = stranger = undefined;
    wakeAll();
  }
}

const safe = (error: unknown) => redactUrl(messageOf(error));
