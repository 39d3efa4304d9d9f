import { GatewayError } from "../exchange/errors.ts";
import type { Door } from "./doors.ts";
import type { RequestFacts } from "./request-facts.ts";
import type { Resolution } from "./resolution.ts";
import type { Router } from "./router.ts";

/**
 * Targets of the completion of what is being typed: the model of `amp.tab_model`, else the one that the client names.
 * Throws as `Router.resolveModel`; where the client's model is not known, the setting is named.
 */
export function resolveTab(
  router: Router,
  named: string | null,
  door: Door,
  facts: RequestFacts,
): Resolution {
  const chosen = router.config.amp.tab_model ?? named;
  if (chosen === null || chosen === "") {
    throw new GatewayError("invalid_request", `The request names no model. ${REMEDY}`, { param: "model" });
  }
  try {
    return router.resolveModel(chosen, door, facts);
  } catch (error) {
    const isUnserved = error instanceof GatewayError && UNSERVED.has(error.code);
    if (!isUnserved || router.config.amp.tab_model !== undefined) throw error;
    throw new GatewayError(error.code, `${error.message} ${REMEDY}`, { param: "model" });
  }
}

const UNSERVED: ReadonlySet<string> = new Set(["model_not_found", "provider_not_configured"]);

const REMEDY = "amp.tab_model in the configuration chooses the model that completes what is typed.";
