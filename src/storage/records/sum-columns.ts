/** The columns of sums of an hour or a day, in the order in which they are written. */
export const SUM_COLUMNS = `requests, input_tokens, cached_input_tokens, cache_write_input_tokens, output_tokens,
  reasoning_tokens, cost_usd, unpriced, highest_cost_usd, longest_ms, histograms`;

const ADDED = [
  "requests",
  "input_tokens",
  "cached_input_tokens",
  "cache_write_input_tokens",
  "output_tokens",
  "reasoning_tokens",
  "cost_usd",
  "unpriced",
];
const HIGHEST = ["highest_cost_usd", "longest_ms"];

/**
 * By which sums that are there already (`s`) are added to: `greatest` is the database's function for the greater of two,
 * `joined` its expression for histograms that are put together.
 */
export function addingUp(greatest: "max" | "greatest", joined: string): string {
  const sums = [
    ...ADDED.map((name) => `${name} = s.${name} + excluded.${name}`),
    ...HIGHEST.map((name) => `${name} = ${greatest}(s.${name}, excluded.${name})`),
    `histograms = ${joined}`,
  ];
  return `DO UPDATE SET ${sums.join(", ")}`;
}

/** Requests below which the marks of histograms are short as they are. */
export const FEW_MARKS = 32;
export const HOURS_A_DAY = 24;
