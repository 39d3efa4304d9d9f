import { GatewayError } from "../exchange/errors.ts";
import { chooseModel } from "./models.ts";
import { noneCalled, targetDetails } from "./route-details.ts";
import type { Router } from "./router.ts";

/**
 * Why a model or route that something kept asks for cannot be called now, in a sentence: its provider has no key or is
 * switched off, or nothing is known by its name. Null where it can. Models that are not known here are left to the endpoints
 * of the configuration, where it has any: what is behind these is not known either.
 */
export function whyNotCalled(name: string, kind: "model" | "route", router: Router): string | null {
  const { aliases, config, providers, routes } = router;
  const meant = aliases.of(name) ?? name;
  const found = routes.find(meant);
  if (found !== null) {
    const none = noneCalled(targetDetails(found.route.name, found.config, router, null));
    return none === null ? null : `The route "${found.route.name}" leads nowhere now. ${none}`;
  }
  try {
    chooseModel(meant, config, providers);
    return null;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const mayBeKnown = kind === "model" && config.endpoints.some(({ enabled }) => enabled);
    return error.code === "model_not_found" && mayBeKnown ? null : error.message;
  }
}
