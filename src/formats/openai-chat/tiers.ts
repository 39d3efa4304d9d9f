/** Service tiers that OpenAI knows, by the words of the formats. */
const TIERS: ReadonlyMap<string, string> = new Map([
  ...["auto", "default", "flex", "scale", "priority", "fast"].map((tier) => [tier, tier] as const),
  // Anthropic's words, in a request and in an answer.
  ["standard_only", "default"],
  ["standard", "default"],
]);

/** A service tier as OpenAI calls it; undefined where it has none of the kind. */
export function tierOf(tier: string | undefined): string | undefined {
  return tier === undefined ? undefined : TIERS.get(tier);
}
