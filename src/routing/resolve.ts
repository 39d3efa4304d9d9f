import { GatewayError } from "../exchange/errors.ts";
import type { Door } from "./doors.ts";
import type { RequestFacts } from "./request-facts.ts";
import type { Resolution } from "./resolution.ts";
import type { Router } from "./router.ts";
import { resolveTab } from "./tab.ts";

/** Where a request goes, by its door. `path` is the one that was called. Throws a GatewayError where it leads nowhere. */
export function resolve(door: Door, path: string, router: Router, asked: RequestFacts): Resolution {
  const facts = withoutAlias(door, router, asked);
  switch (door.kind) {
    case "endpoint":
      if (!door.match.endpoint.config.enabled) {
        throw new GatewayError(
          "endpoint_disabled",
          "This endpoint is switched off in the configuration (enabled: false).",
        );
      }
      return router.resolveEndpoint(door, facts);
    case "provider":
      return router.resolveProvider(door, path, facts);
    case "tab":
      return resolveTab(router, facts.model, door, facts);
    default: {
      const { model } = facts;
      if (model === null || model === "") {
        throw new GatewayError("invalid_request", "The request names no model: `model` is needed.", {
          param: "model",
        });
      }
      return router.resolveModel(model, door, facts);
    }
  }
}

/** A path of the configuration's own is filled with what the client says. */
function withoutAlias(door: Door, router: Router, facts: RequestFacts): RequestFacts {
  const { model } = facts;
  const meant = model === null || door.kind === "endpoint" ? null : router.aliases.of(model);
  return meant === null ? facts : { ...facts, model: meant, isModelChosen: true };
}
