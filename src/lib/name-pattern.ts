/** Whether a name is meant by a pattern: `*` stands for any ending, and at the beginning for any beginning. */
export function fits(pattern: string, name: string): boolean {
  if (pattern.startsWith("*") && pattern.endsWith("*") && pattern.length > 1)
    return name.includes(pattern.slice(1, -1));
  if (pattern.startsWith("*")) return name.endsWith(pattern.slice(1));
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
