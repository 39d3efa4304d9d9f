import type { RouteConfig } from "../config/route-schema.ts";
import type { Config } from "../config/schema.ts";
import type { FallbackPolicy } from "../exchange/fallback.ts";
import type { RequestContext } from "../experiments/contexts.ts";
import type { Contexts } from "../experiments/experiment.ts";
import { tagTexts } from "../records/make-record.ts";
import type { ModelFacts } from "../strategies/abilities.ts";
import type { RequestFacts } from "./request-facts.ts";

/** After what another target of a route is asked. */
export function policyOf({ fallback_on: reasons }: RouteConfig): FallbackPolicy {
  const named = new Set(reasons);
  return {
    error: named.has("error"),
    timeout: named.has("timeout"),
    limit: named.has("limit"),
    unavailable: named.has("unavailable"),
    context_length: named.has("context_length"),
    content_filter: named.has("content_filter"),
  };
}

/** Which requests a target serves; undefined for all. What is not said does not narrow. */
export function conditionOf(condition: RouteConfig["conditions"][string] = {}): Contexts | undefined {
  const { agents, keys, tags } = condition;
  if (agents === undefined && keys === undefined && tags === undefined) return undefined;
  return {
    ...(agents === undefined ? {} : { agents }),
    ...(keys === undefined ? {} : { keys }),
    ...(tags === undefined ? {} : { tags }),
  };
}

/** What of a request such conditions are about. */
export function contextOf({ tracking, owner, ownerName, model }: RequestFacts): RequestContext {
  return {
    agentId: tracking?.agent_id ?? null,
    keyId: owner,
    keyName: ownerName,
    tags: tracking?.tags === undefined ? [] : tagTexts(tracking.tags),
    model,
  };
}

/** What somebody has configured of a model. */
export function ownFacts(own: Config["models"][string] | undefined): Partial<ModelFacts> {
  if (own === undefined) return {};
  const { context_window: contextWindow, max_output_tokens: mostOutput, ...abilities } = own;
  const facts = { contextWindow, mostOutput, ...abilities };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}
