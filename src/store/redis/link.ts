import { ClientClosedError, ClientOfflineError, createClient, createCluster, ErrorReply } from '@redis/client';
import type { InternalErrors } from '../../support/internal-errors';
import type { RedisNode } from './seed-nodes';
import type { RedisAddress } from './settings';

/** One life of a connection: made, used until it is lost, and then replaced by a new one. */
export interface Link {
  /** @param key where the command has to go in a cluster */
  send(key: string, args: string[]): Promise<unknown>;
  /** Asks every server that holds keys. */
  ping(): Promise<void>;
  /** The nodes of a cluster that hold keys, as far as is known; of one server, none. */
  nodes(): RedisNode[];
  destroy(): void;
}

export interface LinkOptions {
  address: RedisAddress;
  /** Where to connect: the address, or another node of its cluster. */
  node: RedisNode;
  cluster: boolean;
  /** More options of `tls.connect`: a CA of one's own. */
  tls?: { ca?: string };
  /** How long connecting may take, ms. */
  connectMs: number;
  events: LinkEvents;
  /** Gives connecting up. */
  signal: AbortSignal;
  internalErrors: InternalErrors;
}

export interface LinkEvents {
  /** The link was there, and is broken for good. */
  lost(cause: Error): void;
  /** One node of a cluster is out of reach; the link mends that itself. */
  nodeLost(node: string, cause: Error): void;
  /** It is back, or no longer one of the cluster. */
  nodeMended(node: string): void;
}

const CLUSTER_RETRY_MS = 500;
/** After so long without a node its slots are asked for again: another node may have them. */
const TOPOLOGY_AFTER_MS = 1_000;

/** Connects. Rejects with what stands in the way: an ErrorReply is Redis' own answer. */
export async function openLink(options: LinkOptions): Promise<Link> {
  const { connectMs, signal } = options;
  const link = options.cluster ? clusterLink(options) : singleLink(options);
  let stopWaiting = (): void => undefined;
  const givenUp = new Promise<never>((_resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no connection within ${connectMs} ms`)), connectMs);
    const giveUp = () => reject(new Error('no longer wanted'));
    signal.addEventListener('abort', giveUp);
    stopWaiting = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
    };
  });
  try {
    await Promise.race([link.connect(), givenUp]);
    return link;
  } catch (error) {
    link.destroy();
    throw error;
  } finally {
    stopWaiting();
  }
}

/** Whether Redis itself answered with an error. */
export function isReply(error: unknown): error is Error {
  return error instanceof ErrorReply;
}

/** Whether a command surely never left. */
export function isUnsent(error: unknown): boolean {
  return error instanceof ClientOfflineError || error instanceof ClientClosedError;
}

type Connectable = Link & { connect(): Promise<unknown> };

function singleLink({ address, node, tls, connectMs, events, internalErrors }: LinkOptions): Connectable {
  const client = createClient({
    ...credentials(address),
    database: address.database,
    socket: { ...socket(address, tls, connectMs), ...node, reconnectStrategy: false },
    ...QUIET,
  });
  let up = false;
  client.on('ready', () => (up = true));
  const failed = (error: Error): void => {
    if (up) events.lost(error);
  };
  client.on('error', internalErrors.guard('redis link', failed));
  return {
    connect: () => client.connect(),
    send: (_key, args) => client.sendCommand(args),
    ping: async () => {
      await client.ping();
    },
    nodes: () => [],
    destroy() {
      up = false;
      if (client.isOpen) client.destroy();
    },
  };
}

function clusterLink({ address, node, tls, connectMs, events, internalErrors }: LinkOptions): Connectable {
  const base = socket(address, tls, connectMs);
  const cluster = createCluster({
    rootNodes: [
      {
        ...credentials(address),
        socket: { ...base, ...node, reconnectStrategy: false },
        ...QUIET,
      },
    ],
    defaults: { ...credentials(address), socket: { ...base, reconnectStrategy: CLUSTER_RETRY_MS }, ...QUIET },
    commandOptions: QUIET.commandOptions,
    // Otherwise one node that is away would keep the others from being used.
    minimizeConnections: true,
    topologyRefreshOnReconnectionAttemptStrategy: TOPOLOGY_AFTER_MS,
  });
  let up = false;
  let failure: Error | undefined;
  const nameOf = (node: ClusterNode) => `${node.host}:${node.port}`;
  cluster.on('error', (error: Error) => (failure = error));
  const nodeFailed = (error: Error, node: ClusterNode): void => {
    failure = error;
    if (up) events.nodeLost(nameOf(node), error);
  };
  const nodeMended = internalErrors.guard('redis node', (node: ClusterNode) => events.nodeMended(nameOf(node)));
  cluster.on('node-error', internalErrors.guard('redis node', nodeFailed));
  cluster.on('node-ready', nodeMended);
  cluster.on('node-disconnect', nodeMended);
  return {
    async connect() {
      try {
        await cluster.connect();
      } catch (error) {
        // It says no more than that no node could be asked; the reason came as an event.
        throw failure ?? error;
      }
      up = true;
    },
    send: (key, args) => cluster.sendCommand(key, false, args),
    ping: async () => {
      await Promise.all(cluster.masters.map(async (node) => (await cluster.nodeClient(node)).ping()));
    },
    nodes: () => cluster.masters.map(({ host, port }) => ({ host, port })),
    destroy() {
      up = false;
      if (cluster.isOpen) cluster.destroy();
    },
  };
}

interface ClusterNode {
  host: string;
  port: number;
}

/** What waits is kept by src/store/redis/connection.ts, which also sets the time limits; the client only sends. */
const QUIET = {
  disableOfflineQueue: true,
  commandOptions: { timeout: 0 },
  maintNotifications: 'disabled' as const,
  disableClientInfo: true,
};

function credentials({ username, password }: RedisAddress) {
  return { ...(username !== undefined && { username }), ...(password !== undefined && { password }) };
}

function socket({ tls }: RedisAddress, more: LinkOptions['tls'], connectTimeout: number) {
  return tls ? { tls: true as const, ...more, connectTimeout } : { connectTimeout };
}
