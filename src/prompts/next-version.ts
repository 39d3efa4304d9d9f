const MAX_DIGITS = 9;

/**
 * The whole number after the highest that a version begins with: after `1`, `2.5` and `0+ab12` it is `3`. Numbers of more
 * than 9 digits do not count: one that somebody made up would be followed by ever longer ones.
 */
export function nextVersion(versions: readonly string[]): string {
  const taken = new Set(versions);
  const numbers = versions.map((version) => /^\d+/.exec(version)?.[0] ?? "0");
  const counted = numbers.filter((digits) => digits.length <= MAX_DIGITS).map(Number);
  let next = counted.reduce((most, number) => Math.max(most, number), 0) + 1;
  while (taken.has(String(next))) next++;
  return String(next);
}
