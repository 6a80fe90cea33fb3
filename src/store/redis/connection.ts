import { messageOf } from '../../support/errors';
import { redactUrl, type Logger } from '../../support/logger';
import { printHostPort } from '../../addresses/host-port';
import { StoreUnavailableError } from '../errors';
import { NO_REPLY, within, type Answer, type Caller, type Deadline } from './caller';
import { createDoors } from './doors';
import { adviceOf, RedisRefusedError, remedyOf } from './errors';
import { isReply, isUnsent, openLink, type Link, type LinkOptions } from './link';
import { createRefusals } from './refusals';
import { PROBE } from './scripts';
import { createStalls } from './stalls';
import { createTroubles } from './troubles';

export interface ConnectionOptions extends Omit<LinkOptions, 'door' | 'events' | 'connectMs' | 'signal'> {
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
  /** Rejects with StoreUnavailableError where a server does not answer, or is known to refuse what is written. */
  ping(): Promise<void>;
  /** Resolves when Redis is there or out of reach; rejects with RedisRefusedError. Goes on trying where it is not there. */
  start(): Promise<void>;
  close(): void;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
const RESEND_AFTER_MS = 40;
/** What a server says that will be able to answer soon. */
const PASSING = /^(LOADING|BUSY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|READONLY) /;

export function createConnection(options: ConnectionOptions): Connection {
  const { log, limitMs, internalErrors } = options;
  const troubles = createTroubles(log);
  const doors = createDoors({ host: options.address.host, port: options.address.port });
  const waiting = new Set<() => void>();
  const nodesAway = new Set<string>();
  const stalls = createStalls((key) => askWrite(key), troubles, internalErrors);
  const refusals = createRefusals(whyRefused, troubles, internalErrors);
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
    doors.learn(link?.nodes() ?? []);
    doors.next();
    link?.destroy();
    link = undefined;
    troubles.begin('link', why);
    // The next link has nodes of its own. What did not answer or refused is asked over it, and is away until it answers.
    for (const node of nodesAway) nodeMended(node);
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
        door: doors.current,
        connectMs: limitMs,
        signal: abort.signal,
        events: {
          lost: (cause) => {
            if (isCurrent()) lose(safe(cause));
          },
          nodeLost(node, cause) {
            if (!isCurrent()) return;
            nodesAway.add(node);
            troubles.begin(node, `${node}: ${safe(cause)}`);
            options.onLost();
          },
          nodeMended,
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
    doors.learn(opened.nodes());
    stalls.anew();
    pauseMs = FIRST_PAUSE_MS;
    lastRefusal = '';
    troubles.end('link');
    wakeAll();
  }

  function comeBack(error: unknown): void {
    troubles.begin('link', safe(error));
    const remedy = isReply(error) ? remedyOf(error.message) : undefined;
    const refusal = remedy === undefined ? '' : safe(error);
    if (refusal !== '' && refusal !== lastRefusal)
      log.error({ event: 'redis-refuses', err: refusal, remedy }, 'Redis refuses Tandem');
    lastRefusal = refusal;
    doors.next();
    const reopen = internalErrors.guard('redis connection', () => open().catch(() => undefined));
    retry = setTimeout(reopen, pauseMs);
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
  }

  function nodeMended(node: string): void {
    if (nodesAway.delete(node)) troubles.end(node);
  }

  function laneOf(key: string): string {
    return options.cluster ? (/\{\w+\}/.exec(key)?.[0] ?? key) : 'reply';
  }

  function stalled(key: string, sentAt: number, why: string): void {
    const forMs = stalls.begin(laneOf(key), key, sentAt, why);
    options.onLost();
    if (forMs >= options.stallMs) lose(why);
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
          stalls.end(laneOf(key));
          return { reply, resent };
        } catch (error) {
          if (closed) throw new StoreUnavailableError('The store is closed');
          if (error === NO_REPLY) {
            if (again && current === link) stalled(key, sentAt, `no reply within ${limitMs} ms`);
            throw new StoreUnavailableError(`Redis did not answer within ${limitMs} ms`);
          }
          if (!again) throw error;
          if (isReply(error)) {
            if (error.message.startsWith('NOSCRIPT')) throw error;
            if (!PASSING.test(error.message)) {
              stalls.end(laneOf(key));
              refusals.suspect(laneOf(key), key);
              throw new StoreUnavailableError(safe(error), { cause: error });
            }
            // A server that became a replica: the address may lead to its successor.
            if (!options.cluster && error.message.startsWith('READONLY') && current === link) lose(safe(error));
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

  const askWrite = (key: string) => caller.script(PROBE, [key], []);

  async function whyRefused(key: string): Promise<string | undefined> {
    try {
      await askWrite(key);
      return undefined;
    } catch (error) {
      if (error instanceof StoreUnavailableError && isReply(error.cause)) return safe(error.cause);
      throw error;
    }
  }

  return {
    ...caller,
    deadline,
    async ping() {
      const until = deadline();
      const asked = await ready(until);
      try {
        await within(asked.ping(), until);
      } catch (error) {
        if (asked !== link) throw new StoreUnavailableError('Redis is out of reach');
        throw new StoreUnavailableError(error === NO_REPLY ? 'Redis does not answer' : safe(error));
      }
      const why = refusals.why ?? stalls.why;
      if (why !== undefined) throw new StoreUnavailableError(why);
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
            { event: 'redis-unreachable', redis, err: safe(error), remedy: adviceOf(messageOf(error)) },
            'Redis is unreachable at start; waiting for it. Check that it runs and that REDIS_URL is right',
          );
          return;
        }
        close();
        throw new RedisRefusedError(`Redis refuses Tandem: ${safe(error)}; ${remedy}`, { cause: error });
      }
    },
    close,
  };

  function close(): void {
    closed = true;
    clearTimeout(retry);
    stalls.close();
    refusals.close();
    abort.abort();
    stranger?.destroy();
    link?.destroy();
    link = stranger = undefined;
    wakeAll();
  }
}

/** Without what Redis repeats of a command that it does not know, which may be a password, and without a script's hash. */
function safe(error: unknown): string {
  return redactUrl(messageOf(error)).replace(/,? (with args beginning with:|script: [0-9a-f]{40},).*/s, '');
}
