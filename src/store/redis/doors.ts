/** A node of a cluster that can be asked where everything is. */
export interface Door {
  host: string;
  port: number;
}

/**
 * Where a link is to be made. A cluster has as many doors as nodes that were known when it was last heard of: the one that
 * was named may be the one that is gone.
 */
export interface Doors {
  readonly current: Door;
  /** This one did not do, or led to a link that was lost: the next one is tried. */
  next(): void;
  /** What nodes there are now; none is no news. */
  learn(nodes: readonly Door[]): void;
}

export function createDoors(named: Door): Doors {
  let doors: Door[] = [named];
  let turn = 0;
  return {
    get current() {
      return doors[turn % doors.length] ?? named;
    },
    next: () => void turn++,
    learn(nodes) {
      if (nodes.length === 0) return;
      const { current } = this;
      const others = nodes.filter(({ host, port }) => host !== named.host || port !== named.port);
      doors = [named, ...others];
      turn = Math.max(
        0,
        doors.findIndex(({ host, port }) => host === current.host && port === current.port),
      );
    },
  };
}
