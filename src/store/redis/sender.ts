/** Sends commands over the link that there is, and again where no reply came or the server says that it will answer soon. */
import { StoreUnavailableError } from '../errors';
import { NO_REPLY, within, type Answer, type CommandSender, type Deadline } from './command-sender';
import { isReply, isUnsent, type Link } from './link';
import { safeMessage, type LinkKeeper } from './link-keeper';
import type { Script } from './scripts';

export interface SenderOptions {
  /** How long one operation may wait for Redis in all, ms. */
  limitMs: number;
  cluster: boolean;
  keeper: Pick<LinkKeeper, 'link' | 'closed' | 'untilChanged' | 'lose'>;
  linkOf: (until: Deadline) => Promise<Link>;
  /** Undefined: each command is sent once, and its error is thrown as it is. */
  again?: SenderEvents;
}

export interface SenderEvents {
  answered(shard: string): void;
  /** Redis refuses the command, and not only for now. */
  refused(shard: string, key: string): void;
  /** No reply came to what was sent then (`performance.now()`), or only that Redis cannot answer now. */
  silent(shard: string, key: string, sentAt: number, why: string): void;
}

const RESEND_AFTER_MS = 40;
/** Errors of a server that can answer soon. */
const PASSING = /^(LOADING|BUSY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|READONLY) /;

export class Sender implements CommandSender {
  constructor(private readonly options: SenderOptions) {}

  deadline(): Deadline {
    return performance.now() + this.options.limitMs;
  }

  async command(key: string, args: string[], until = this.deadline()): Promise<Answer> {
    const { keeper, linkOf, limitMs, cluster, again } = this.options;
    let resent = false;
    for (;;) {
      const link = await linkOf(until);
      const sentAt = performance.now();
      if (sentAt >= until) throw new StoreUnavailableError(`Redis did not answer within ${limitMs} ms`);
      try {
        const reply = await within(link.send(key, args), until);
        again?.answered(shardOf(key, cluster));
        return { reply, resent };
      } catch (error) {
        if (keeper.closed) throw new StoreUnavailableError('The store is closed');
        if (again) this.#mustBePassing(error, again, { link, key, sentAt, until });
        else if (error !== NO_REPLY) throw error;
        else throw new StoreUnavailableError(`Redis did not answer within ${limitMs} ms`);
        resent ||= !isReply(error) && !isUnsent(error);
      }
      await keeper.untilChanged(RESEND_AFTER_MS);
    }
  }

  async script({ source, sha1 }: Script, keys: string[], args: string[], until = this.deadline()): Promise<Answer> {
    const rest = [String(keys.length), ...keys, ...args];
    const key = keys[0] ?? '';
    try {
      return await this.command(key, ['EVALSHA', sha1, ...rest], until);
    } catch (error) {
      if (!isReply(error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return this.command(key, ['EVAL', source, ...rest], until);
    }
  }

  /** @throws what ends the command; returns where it is to be sent again */
  #mustBePassing(error: unknown, again: SenderEvents, sent: SentCommand): void {
    const { keeper, limitMs, cluster } = this.options;
    const { key, sentAt, until } = sent;
    const shard = shardOf(key, cluster);
    const isCurrent = sent.link === keeper.link;
    if (error === NO_REPLY) {
      const why = `no reply within ${limitMs} ms`;
      if (isCurrent) again.silent(shard, key, sentAt, why);
      throw new StoreUnavailableError(`Redis did not answer within ${limitMs} ms`);
    }
    if (isReply(error)) {
      if (error.message.startsWith('NOSCRIPT')) throw error;
      if (!PASSING.test(error.message)) {
        again.refused(shard, key);
        throw new StoreUnavailableError(safeMessage(error), { cause: error });
      }
      // A server that became a replica: the address may lead to its successor.
      if (!cluster && error.message.startsWith('READONLY') && isCurrent) keeper.lose(safeMessage(error));
    }
    if (performance.now() + RESEND_AFTER_MS < until) return;
    if (isReply(error) && sent.link === keeper.link) again.silent(shard, key, sentAt, safeMessage(error));
    throw new StoreUnavailableError(`Redis failed: ${safeMessage(error)}`, { cause: error });
  }
}

interface SentCommand {
  link: Link;
  key: string;
  /** `performance.now()` */
  sentAt: number;
  until: Deadline;
}

/** The part of Redis that a key is in: by its hash tag in a cluster. */
function shardOf(key: string, cluster: boolean): string {
  return cluster ? (/\{\w+\}/.exec(key)?.[0] ?? key) : 'reply';
}
