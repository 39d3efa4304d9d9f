/** Lengths of the texts that a pattern is tried on, and the milliseconds that it may take for each. */
const TRIALS = [32, 64, 128, 256, 512, 1024, 2048];
const TRIAL_MS = 15;
/** What patterns are slow on: long runs of what they nearly match. */
const RUNS = ["a", "A", "0", " ", "\t", "-", "_", ".", "a0", "a ", "a.", "a@", "@a.", "/a"];

/** Texts are looked at in windows of this many characters, so that no pattern meets one on which it is slow. */
export const PATTERN_WINDOW = TRIALS.at(-1)!;

/**
 * Compiles a regular expression that strangers' texts are to be searched with. Returns the reason, in words, for one that
 * cannot be compiled, matches nothing at all, or takes a time on some text that grows out of bounds: a group that is
 * repeated and repeats inside, a reference to a group, and what is found to be slow on texts of up to 2,048 characters.
 */
export function compileSafePattern(source: string): RegExp | { readonly reason: string } {
  let pattern: RegExp;
  try {
    pattern = new RegExp(source, "gu");
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
  if (repeatsRepetition(source))
    return { reason: "a repeated group repeats or chooses inside, which may take for ever" };
  if (/\\[1-9k]/.test(source)) return { reason: "it refers back to a group, which may take for ever" };
  if (new RegExp(source, "u").test("")) return { reason: "it matches the empty text" };
  return isFast(pattern, source) ? pattern : { reason: "it takes too long on long texts" };
}

/** Whether a group that holds a repetition or alternatives is itself repeated without a bound: the exponential ones. */
function repeatsRepetition(source: string): boolean {
  const open: { risky: boolean }[] = [];
  let inClass = false;
  for (let i = 0; i < source.length; i++) {
    const char = source[i]!;
    if (char === "\\") i++;
    else if (inClass) inClass = char !== "]";
    else if (char === "[") inClass = true;
    else if (char === "(") open.push({ risky: false });
    else if (char === "|") markRisky(open);
    else if (char === ")") {
      const group = open.pop();
      if (!repeats(source, i + 1)) continue;
      if (group?.risky) return true;
      markRisky(open);
    } else if (repeats(source, i + 1)) markRisky(open);
  }
  return false;
}

function markRisky(open: readonly { risky: boolean }[]): void {
  for (const group of open) group.risky = true;
}

/** Whether what ends at `at` may be repeated more than once. */
function repeats(source: string, at: number): boolean {
  const next = source[at];
  if (next === "*" || next === "+") return true;
  return next === "{" && !/^\{[01]\}/.test(source.slice(at));
}

/** Tries ever longer texts and stops at the first that takes long, so that trying takes no time to speak of itself. */
function isFast(pattern: RegExp, source: string): boolean {
  const literals = [...new Set(source.replace(/\\./g, "").match(/[\p{L}\p{N}]+/gu) ?? [])].slice(0, 10);
  for (const length of TRIALS) {
    for (const run of [...RUNS, ...literals]) {
      const text = `${run.repeat(Math.ceil(length / run.length)).slice(0, length)}\u0000`;
      const start = performance.now();
      text.replace(pattern, "");
      if (performance.now() - start <= TRIAL_MS) continue;
      // Once more: another process may have had the machine.
      const again = performance.now();
      text.replace(pattern, "");
      if (performance.now() - again > TRIAL_MS) return false;
    }
  }
  return true;
}
