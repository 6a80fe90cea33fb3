/** Groups and counts items. */
export function groupBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

export function countBy<T>(items: Iterable<T>, keyOf: (item: T) => string): Record<string, number> {
  return sumOf([...items].map((item) => [keyOf(item), 1] as const));
}

/** Adds up the counts of each name, in the order of their first appearance. */
export function sumOf(counts: Iterable<readonly [name: string, count: number]>): Record<string, number> {
  const sums = new Map<string, number>();
  for (const [name, count] of counts) sums.set(name, (sums.get(name) ?? 0) + count);
  return Object.fromEntries(sums);
}
