import type { Losses } from "../../exchange/losses.ts";
import type { GenerateRequest } from "../../exchange/request.ts";
import type { RequestContext } from "../codec.ts";
import { restored } from "./extensions.ts";
import { traitsOf } from "./model.ts";
import type { WireRequest } from "./wire.ts";
import { writeContents } from "./write-contents.ts";
import { writeSettings } from "./write-settings.ts";
import { writeTools } from "./write-tools.ts";

/** Neutral names of the service tiers that Google's API has; `auto` is its default too. */
const TIERS: Readonly<Record<string, string>> = {
  default: "standard",
  standard: "standard",
  flex: "flex",
  priority: "priority",
};

/** Writes the body of generateContent; the model and whether the answer is streamed are the path's. */
export function writeRequest(request: GenerateRequest, context: RequestContext): WireRequest {
  const traits = traitsOf(context.model);
  const { config, instruction } = writeSettings(request, traits, context);
  const { system, contents } = writeContents(request.messages, instruction, traits, context);
  noteLosses(request, context.losses);
  // What is written from the neutral form's members wins over what was kept of the same.
  const { generationConfig: _config, toolConfig: _toolConfig, ...rest } = restored(request.extensions) ?? {};
  return {
    ...rest,
    ...(system === null ? {} : { systemInstruction: system }),
    contents,
    ...writeTools(request, traits, context),
    ...(config === undefined ? {} : { generationConfig: config }),
    ...serviceTier(request.serviceTier, context.losses),
  };
}

function serviceTier(tier: string | undefined, losses: Losses): { serviceTier?: string } {
  if (tier === undefined || tier === "auto") return {};
  if (Object.hasOwn(TIERS, tier)) return { serviceTier: TIERS[tier]! };
  losses.add(`serviceTier: ${tier}`);
  return {};
}

/** Whose request it is, and what to keep in a cache, changes nothing of the answer. */
function noteLosses(request: GenerateRequest, losses: Losses): void {
  if (request.verbosity !== undefined) losses.add("verbosity");
  if (request.prediction !== undefined) losses.add("prediction");
  if (request.metadata !== undefined && Object.keys(request.metadata).length > 0) losses.add("metadata");
}
