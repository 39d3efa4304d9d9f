import type { FallbackPolicy } from "../exchange/fallback.ts";
import type { HeaderFilter } from "../upstream/http/forward-headers.ts";
import type { Target } from "../upstream/target.ts";
import type { ConvertibleCall } from "./converted.ts";
import type { RouteDecision } from "./routes.ts";

/** What a request is to be sent to, in order, and how its answer's headers pass. */
export interface Resolution {
  readonly route: string | null;
  readonly targets: readonly Target[];
  readonly responseFilter: HeaderFilter;
  /** Set where the gateway is to count the tokens itself, since no target's API does. */
  readonly counted: ConvertibleCall | null;
  /** What the route decided; null where none was named. */
  readonly decision: RouteDecision | null;
  /** After what another target is asked; null for what is usual. */
  readonly fallback: FallbackPolicy | null;
  /** Milliseconds for all targets together; null for the first one's own limit. */
  readonly deadline: number | null;
}

/** A resolution without a route. */
export const NO_ROUTE = { route: null, decision: null, fallback: null, deadline: null } as const;
