import type { Upstream } from "./upstream.ts";

/** What health and metrics tell of an upstream. */
export function upstreamHealth(upstream: Upstream) {
  return {
    name: upstream.name,
    breaker: upstream.breaker.state,
    recent: upstream.breaker.recent(),
    lastError:
      upstream.lastError === null
        ? null
        : `${upstream.lastError.code} at ${new Date(upstream.lastError.at).toISOString()}`,
    lastSuccessAt: upstream.lastSuccessAt,
  };
}
