/** How alike two partitions of the same things are: 1 the same, 0 as alike as chance makes them (Hubert and Arabie 1985). */
export function adjustedRandIndex(a: readonly unknown[], b: readonly unknown[]): number {
  const cells = new Map<string, number>();
  const rows = new Map<unknown, number>();
  const columns = new Map<unknown, number>();
  const add = <Key>(counts: Map<Key, number>, key: Key) => counts.set(key, (counts.get(key) ?? 0) + 1);
  a.forEach((label, i) => {
    add(cells, `${label} ${b[i]}`);
    add(rows, label);
    add(columns, b[i]);
  });
  const pairs = (counts: Map<unknown, number>) =>
    [...counts.values()].reduce((sum, n) => sum + (n * (n - 1)) / 2, 0);
  const together = pairs(cells);
  const expected = (pairs(rows) * pairs(columns)) / ((a.length * (a.length - 1)) / 2);
  const most = (pairs(rows) + pairs(columns)) / 2;
  return most === expected ? 1 : (together - expected) / (most - expected);
}
