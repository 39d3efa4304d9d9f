import { GatewayError } from "../exchange/errors.ts";
import { chooseModel } from "./models.ts";
import { noneCalled } from "./none-called.ts";
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
    const none = noneCalled(found.route.name, config.routes, providers);
    return none === null ? null : `No target of the route "${found.route.name}" can be called now. ${none}`;
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
