/** Keeps a link to Redis: opens it, opens a new one when it is lost, and says what keeps it from being there. */
import { messageOf } from '../../support/errors';
import type { InternalErrors } from '../../support/internal-errors';
import { redactUrl, type Logger } from '../../support/logger';
import { StoreUnavailableError } from '../errors';
import type { Deadline } from './command-sender';
import { remedyOf } from './errors';
import { isReply, openLink, type Link, type LinkOptions } from './link';
import type { OutageLog } from './outage-log';
import { createSeedNodes, type SeedNodes } from './seed-nodes';

export interface LinkKeeperOptions extends Omit<LinkOptions, 'node' | 'events' | 'signal'> {
  log: Logger;
  internalErrors: InternalErrors;
  outages: OutageLog;
  /** Runs on every new link before it is used. Where it rejects, the link is given up. */
  onConnect: (link: Link) => Promise<void>;
  /** A new link is in use. */
  onOpened: () => void;
  /** The link, or a node of the cluster, is gone. */
  onLost: () => void;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

export class LinkKeeper {
  readonly #seedNodes: SeedNodes;
  readonly #waiting = new Set<() => void>();
  readonly #nodesAway = new Set<string>();
  readonly #abort = new AbortController();
  #link: Link | undefined;
  /** Connected, and not yet in use. */
  #pendingLink: Link | undefined;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #lastRefusal = '';

  constructor(private readonly options: LinkKeeperOptions) {
    const { host, port } = options.address;
    this.#seedNodes = createSeedNodes({ host, port });
  }

  get link(): Link | undefined {
    return this.#link;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The link, as soon as there is one. Rejects with StoreUnavailableError. */
  async ready(until: Deadline): Promise<Link> {
    while (!this.#link) {
      if (this.#closed) throw new StoreUnavailableError('The store is closed');
      const left = until - performance.now();
      if (left <= 0) throw new StoreUnavailableError('Redis is out of reach');
      await this.untilChanged(left);
    }
    return this.#link;
  }

  /** Resolves after `ms`, or earlier where there is a new link or none any more. */
  untilChanged(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#waiting.add(wake);
    });
  }

  /** Makes a link, and tries again later where that fails. Rejects with why it failed. */
  async open(): Promise<void> {
    let opened: Link | undefined;
    const events = this.#eventsOf(() => opened !== undefined && opened === this.#link);
    try {
      const node = this.#seedNodes.current;
      opened = await openLink({ ...this.options, node, signal: this.#abort.signal, events });
      this.#pendingLink = opened;
      if (this.#closed) throw new StoreUnavailableError('The store is closed');
      await this.options.onConnect(opened);
    } catch (error) {
      opened?.destroy();
      if (!this.#closed) this.#tryAgainLater(error);
      throw error;
    }
    if (!this.#closed) this.#use(opened);
  }

  /** Gives the link up and makes a new one. */
  lose(why: string): void {
    this.#seedNodes.learn(this.#link?.nodes() ?? []);
    this.#seedNodes.next();
    this.#link?.destroy();
    this.#link = undefined;
    this.options.outages.begin('link', why);
    // The next link has nodes of its own. What did not answer or refused is asked over it, and is away until it answers.
    for (const node of this.#nodesAway) this.#nodeMended(node);
    this.options.onLost();
    this.options.internalErrors.guard('redis connection', () => this.open().catch(() => undefined))();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#abort.abort();
    this.#pendingLink?.destroy();
    this.#link?.destroy();
    this.#link = this.#pendingLink = undefined;
    this.#wakeAll();
  }

  #use(link: Link): void {
    this.#pendingLink = undefined;
    this.#link = link;
    this.#seedNodes.learn(link.nodes());
    this.options.onOpened();
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#lastRefusal = '';
    this.options.outages.end('link');
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #nodeMended(node: string): void {
    if (this.#nodesAway.delete(node)) this.options.outages.end(node);
  }

  /** @param isCurrent whether the link of these events is the one in use */
  #eventsOf(isCurrent: () => boolean): LinkOptions['events'] {
    const { outages, onLost } = this.options;
    return {
      lost: (cause) => {
        if (isCurrent()) this.lose(safeMessage(cause));
      },
      nodeLost: (node, cause) => {
        if (!isCurrent()) return;
        this.#nodesAway.add(node);
        outages.begin(node, `${node}: ${safeMessage(cause)}`);
        onLost();
      },
      nodeMended: (node) => this.#nodeMended(node),
    };
  }

  #tryAgainLater(error: unknown): void {
    const { log, outages, internalErrors } = this.options;
    outages.begin('link', safeMessage(error));
    const remedy = isReply(error) ? remedyOf(error.message) : undefined;
    const refusal = remedy === undefined ? '' : safeMessage(error);
    if (refusal !== '' && refusal !== this.#lastRefusal)
      log.error({ event: 'redis-refuses', err: refusal, remedy }, 'Redis refuses Tandem');
    this.#lastRefusal = refusal;
    this.#seedNodes.next();
    const reopen = internalErrors.guard('redis connection', () => this.open().catch(() => undefined));
    this.#retry = setTimeout(reopen, this.#pauseMs);
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
  }
}

/** Without what Redis repeats of a command that it does not know, which may be a password, and without a script's hash. */
export function safeMessage(error: unknown): string {
  return redactUrl(messageOf(error)).replace(/,? (with args beginning with:|script: [0-9a-f]{40},).*/s, '');
}
