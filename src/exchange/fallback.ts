/**
 * Why an attempt's end may be mended by another target. `error`: the upstream failed, cannot be reached, refused our key, or is given
 * time by its breaker. `timeout`: it took too long. `limit`: it has had enough requests or tokens for now, or its quota is
 * used up. `unavailable`: it serves this to nobody, since it has no such model or nobody pays for it. `context_length`:
 * the prompt is too long for it. `content_filter`: its filter refused the prompt, or kept the whole answer back.
 */
export const FALLBACK_REASONS = [
  "error",
  "timeout",
  "limit",
  "unavailable",
  "context_length",
  "content_filter",
] as const;

export type FallbackReason = (typeof FALLBACK_REASONS)[number];

/** For which reasons another target is asked. */
export type FallbackPolicy = Readonly<Record<FallbackReason, boolean>>;

/**
 * The policy of requests that name no route. What such a request is refused for is the client's to know: a model that does
 * not exist may be one that it misspelt.
 */
export const DEFAULT_FALLBACK: FallbackPolicy = {
  error: true,
  timeout: true,
  limit: true,
  unavailable: false,
  context_length: false,
  content_filter: false,
};
