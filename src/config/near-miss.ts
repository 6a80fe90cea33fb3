/** Returns the name that `text` probably stands for: in another case, abbreviated, or with up to two typos. */
export function nearMiss(text: string, names: readonly string[]): string | undefined {
  const wanted = text.trim().toLowerCase();
  if (wanted.length < 2 || wanted.length > 40) return undefined;
  const distances = names.map((name) => ({ name, distance: distance(wanted, name.toLowerCase()) }));
  const [nearest] = distances.sort((a, b) => a.distance - b.distance);
  if (nearest && nearest.distance <= Math.min(2, Math.floor(wanted.length / 2))) return nearest.name;
  return names.find((name) => abbreviates(wanted, name.toLowerCase()) || (name.length > 3 && wanted.startsWith(name)));
}

/** Matches `prd` and `production`: the same first letter, the other letters in the same order. */
function abbreviates(short: string, name: string): boolean {
  let at = 0;
  for (const letter of short) {
    const found = name.indexOf(letter, at);
    if (found < 0 || (at === 0 && found !== 0)) return false;
    at = found + 1;
  }
  return true;
}

/** The Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (letter === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
}
