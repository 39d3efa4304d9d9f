import { parsePathPattern, type Segment } from "../config/path-pattern.ts";
import type { Config } from "../config/schema.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { Format } from "../exchange/formats.ts";
import type { Call } from "../formats/call.ts";
import { fits } from "../lib/name-pattern.ts";
import { matchParts } from "./endpoints.ts";
import type { Provider } from "./providers.ts";

/** What is done about a call's format at one target: nothing, a conversion, or an answer of the gateway's own. */
export type Decision =
  | { readonly kind: "native" }
  | { readonly kind: "convert"; readonly to: Format }
  /** Tokens are counted here, since no API of the target counts. */
  | { readonly kind: "count" };

const NATIVE: Decision = { kind: "native" };

/** A rule of the configuration, ready to be asked. */
export interface ConversionRule {
  readonly door: readonly Segment[] | null;
  readonly from: Format | undefined;
  readonly models: readonly string[] | undefined;
  readonly providers: readonly string[] | undefined;
  readonly to: Format;
}

/** The rules of a checked configuration. */
export function readRules(config: Config): ConversionRule[] {
  return config.conversion.rules.map(({ door, from, models, providers, to }) => {
    const pattern = door === undefined ? null : parsePathPattern(door);
    if (pattern !== null && "error" in pattern)
      throw new Error(`conversion rule ${door}: expected ${pattern.error}`);
    return { door: pattern?.segments ?? null, from, models, providers, to };
  });
}

/** The format that the first rule which fits asks for, or null. `provider` is null for an endpoint's target. */
export function ruledFormat(
  rules: readonly ConversionRule[],
  call: Call,
  path: string,
  provider: Provider | null,
  model: string | null,
): Format | null {
  if (call.operation !== "generate") return null;
  for (const rule of rules) {
    if (rule.from !== undefined && rule.from !== call.format) continue;
    if (rule.models !== undefined && !(model !== null && rule.models.some((pattern) => fits(pattern, model))))
      continue;
    if (rule.providers !== undefined && !(provider !== null && rule.providers.includes(provider.name)))
      continue;
    if (rule.door !== null && matchParts(rule.door, path.slice(1).split("/")) === null) continue;
    if (provider !== null && provider.formats[rule.to] === undefined) continue;
    return rule.to;
  }
  return null;
}

/**
 * How a call is put to a model of a provider. `isOwnDoor` is true at the provider's own door, where a call that the
 * provider understands passes as it is, whatever the model. Throws conversion_refused where none of its APIs can serve it.
 */
export function decide(
  call: Call & { readonly format: Format },
  provider: Provider,
  model: string,
  isOwnDoor: boolean,
): Decision {
  const { format } = call;
  const speaks = provider.formats[format] !== undefined;
  switch (call.operation) {
    case "completions":
      return speaks && (isOwnDoor || provider.completions.some((pattern) => fits(pattern, model)))
        ? NATIVE
        : { kind: "convert", to: convertTo(provider, model, format) };
    case "embeddings":
      return speaks ? NATIVE : { kind: "convert", to: formatWithEmbeddings(provider) };
    case "count-tokens":
      return decideCount(call, provider, isOwnDoor);
    default: {
      const only = isOwnDoor ? null : onlyFormat(provider, model);
      if (speaks && (only === null || only === format)) return NATIVE;
      return { kind: "convert", to: convertTo(provider, model, format) };
    }
  }
}

function convertTo(provider: Provider, model: string, from: Format): Format {
  const only = onlyFormat(provider, model);
  if (only !== null) return only;
  // What has most in common with the client's own format loses least.
  if (provider.formats[from] !== undefined) return from;
  return provider.convertTo;
}

/** The one format that a model is served in, where its provider has others for its other models. */
function onlyFormat(provider: Provider, model: string): Format | null {
  for (const format in provider.formatOnly) {
    const patterns = provider.formatOnly[format as Format]!;
    if (provider.formats[format as Format] !== undefined && patterns.some((pattern) => fits(pattern, model)))
      return format as Format;
  }
  return null;
}

function formatWithEmbeddings(provider: Provider): Format {
  if (provider.formats["openai-chat"] !== undefined) return "openai-chat";
  if (provider.formats.gemini !== undefined) return "gemini";
  throw new GatewayError("conversion_refused", `The provider "${provider.name}" has no embeddings.`, {
    param: "model",
  });
}

/** Only OpenAI itself counts for Responses; others that speak the format have no such call. */
function decideCount(call: Call, provider: Provider, isOwnDoor: boolean): Decision {
  const counts = (format: Format) =>
    provider.formats[format] !== undefined &&
    (format === "anthropic-messages" || format === "gemini" || provider.responses.counts);
  if (
    call.format !== null &&
    (counts(call.format) || (isOwnDoor && provider.formats[call.format] !== undefined))
  )
    return NATIVE;
  for (const format of ["anthropic-messages", "gemini", "openai-responses"] as const)
    if (counts(format)) return { kind: "convert", to: format };
  return { kind: "count" };
}
