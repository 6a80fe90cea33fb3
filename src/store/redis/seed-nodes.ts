/** A node of a cluster that can be asked where everything is. */
export interface RedisNode {
  host: string;
  port: number;
}

/**
 * Where a link is made. A cluster has as many seed nodes as it had nodes when it was last reached: the one that the
 * setting names may be the one that is gone.
 */
export interface SeedNodes {
  readonly current: RedisNode;
  /** The current node did not do, or its link was lost: the next one is tried. */
  next(): void;
  /** The nodes that the cluster has now. An empty list changes nothing. */
  learn(nodes: readonly RedisNode[]): void;
}

export function createSeedNodes(named: RedisNode): SeedNodes {
  let known: RedisNode[] = [named];
  let index = 0;
  return {
    get current() {
      return known[index % known.length] ?? named;
    },
    next: () => void index++,
    learn(nodes) {
      if (nodes.length === 0) return;
      const { current } = this;
      known = [named, ...nodes.filter((node) => !isSame(node, named))];
      index = Math.max(
        0,
        known.findIndex((node) => isSame(node, current)),
      );
    },
  };
}

function isSame(one: RedisNode, other: RedisNode): boolean {
  return one.host === other.host && one.port === other.port;
}
