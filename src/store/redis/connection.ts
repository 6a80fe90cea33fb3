/** The way to Redis: one link that is kept, and a sender that repeats what was not answered. */
import { printHostPort } from '../../addresses/host-port';
import { messageOf } from '../../support/errors';
import type { Logger } from '../../support/logger';
import { StoreUnavailableError } from '../errors';
import { NO_REPLY, within, type CommandSender, type Deadline } from './command-sender';
import { adviceOf, RedisRefusedError, remedyOf } from './errors';
import { isReply, type Link, type LinkOptions } from './link';
import { LinkKeeper, safeMessage } from './link-keeper';
import { createOutageLog } from './outage-log';
import { createReplyTimeouts } from './reply-timeouts';
import { PROBE } from './scripts';
import { Sender } from './sender';
import { createWriteProbe } from './write-probe';

export interface ConnectionOptions extends Omit<LinkOptions, 'node' | 'events' | 'connectMs' | 'signal'> {
  log: Logger;
  /** How long one operation may wait for Redis in all, ms. */
  limitMs: number;
  /** How long no reply may come before a new connection is made, ms. */
  stallMs: number;
  /** Runs on every new connection before it is used otherwise. */
  onConnect: (sender: CommandSender) => Promise<void>;
  /** A connection, or a node of the cluster, is gone. */
  onLost: () => void;
}

export interface Connection extends CommandSender {
  /** When an operation that begins now is given up. */
  deadline(): Deadline;
  /** Rejects with StoreUnavailableError where a server does not answer, or is known to refuse what is written. */
  ping(): Promise<void>;
  /** Resolves when Redis is there or out of reach; rejects with RedisRefusedError. Goes on trying where it is not there. */
  start(): Promise<void>;
  close(): void;
}

export function createConnection(options: ConnectionOptions): Connection {
  const { log, limitMs, internalErrors, cluster } = options;
  const outages = createOutageLog(log);
  const timeouts = createReplyTimeouts((key) => probe(key), outages, internalErrors);
  const refusals = createWriteProbe(whyRefused, outages, internalErrors);
  const keeper: LinkKeeper = new LinkKeeper({
    ...options,
    outages,
    connectMs: limitMs,
    onConnect: (link) => options.onConnect(new Sender({ ...shared, linkOf: () => Promise.resolve(link) })),
    onOpened: () => timeouts.restart(),
  });
  const shared = { limitMs, cluster, keeper };
  const sender = new Sender({
    ...shared,
    linkOf: (until) => keeper.ready(until),
    again: {
      answered: (shard) => timeouts.end(shard),
      refused(shard, key) {
        timeouts.end(shard);
        refusals.suspect(shard, key);
      },
      silent(shard, key, sentAt, why) {
        const forMs = timeouts.begin(shard, key, sentAt, why);
        options.onLost();
        if (forMs >= options.stallMs) keeper.lose(why);
      },
    },
  });
  const probe = (key: string) => sender.script(PROBE, [key], []);

  async function whyRefused(key: string): Promise<string | undefined> {
    try {
      await probe(key);
      return undefined;
    } catch (error) {
      if (error instanceof StoreUnavailableError && isReply(error.cause)) return safeMessage(error.cause);
      throw error;
    }
  }

  async function ask(link: Link, until: Deadline): Promise<void> {
    try {
      await within(link.ping(), until);
    } catch (error) {
      if (link !== keeper.link) throw new StoreUnavailableError('Redis is out of reach');
      throw new StoreUnavailableError(error === NO_REPLY ? 'Redis does not answer' : safeMessage(error));
    }
  }

  function close(): void {
    timeouts.close();
    refusals.close();
    keeper.close();
  }

  return {
    command: (key, args, until) => sender.command(key, args, until),
    script: (script, keys, args, until) => sender.script(script, keys, args, until),
    deadline: () => sender.deadline(),
    async ping() {
      const until = sender.deadline();
      await ask(await keeper.ready(until), until);
      const why = refusals.why ?? timeouts.why;
      if (why !== undefined) throw new StoreUnavailableError(why);
    },
    async start() {
      try {
        await keeper.open();
      } catch (error) {
        const remedy = isReply(error) ? remedyOf(error.message) : undefined;
        if (remedy === undefined) return warnUnreachable(options, error);
        close();
        throw new RedisRefusedError(`Redis refuses Tandem: ${safeMessage(error)}; ${remedy}`, { cause: error });
      }
    },
    close,
  };
}

function warnUnreachable({ address, log }: ConnectionOptions, error: unknown): void {
  const redis = `redis${address.tls ? 's' : ''}://${printHostPort(address)}`;
  log.warn(
    { event: 'redis-unreachable', redis, err: safeMessage(error), remedy: adviceOf(messageOf(error)) },
    'Redis is unreachable at start; waiting for it. Check that it runs and that REDIS_URL is right',
  );
}
