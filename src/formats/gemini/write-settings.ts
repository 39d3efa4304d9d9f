import type { Losses } from "../../exchange/losses.ts";
import { recordOf } from "../../exchange/read.ts";
import type { GenerateRequest, OutputFormat } from "../../exchange/request.ts";
import type { RequestContext } from "../codec.ts";
import { restoredUnder } from "./extensions.ts";
import type { Traits } from "./model.ts";
import { writeSchema } from "./openapi-schema.ts";
import { writeThinking } from "./reasoning.ts";
import { writeJsonSchema } from "./schema.ts";
import type { GenerationConfig } from "./wire.ts";

/** ai.google.dev/api/generate-content#GenerationConfig */
const MAX_STOP_SEQUENCES = 5;

interface Written {
  /** Undefined where nothing is set. */
  readonly config: GenerationConfig | undefined;
  /** What the model is told in words, since it takes no schema here; null where it is not. */
  readonly instruction: string | null;
}

/** Writes `generationConfig`. */
export function writeSettings(request: GenerateRequest, traits: Traits, context: RequestContext): Written {
  const { losses, provider } = context;
  const { temperature, topP, topK, maxOutputTokens, choices, seed, logprobs, output } = request;
  const rest = restoredUnder(request.extensions, "generationConfig");
  const thinkingConfig = writeThinking(
    request.reasoning,
    recordOf(rest.thinkingConfig),
    traits,
    maxOutputTokens,
    losses,
  );
  const { thinkingConfig: _asked, ...others } = rest;
  const toldInWords = output !== undefined && !takesSchema(request, traits);
  if (toldInWords) losses.add("output: asked for in words, for this model takes no schema beside functions");
  const config: GenerationConfig = {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(topK === undefined ? {} : { topK }),
    ...(choices === undefined ? {} : { candidateCount: choices }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...stopSequences(request.stop, losses),
    ...penalties(request, traits.penalties || provider.startsWith("vertex"), losses),
    // The wire's number has 32 bits.
    ...(seed === undefined ? {} : { seed: seed | 0 }),
    ...(logprobs === undefined ? {} : { responseLogprobs: true }),
    ...(logprobs?.top === undefined ? {} : { logprobs: logprobs.top }),
    ...(output === undefined || toldInWords ? {} : outputConfig(output, traits, "responseSchema" in rest)),
    ...(thinkingConfig === undefined ? {} : { thinkingConfig }),
    ...others,
  };
  return {
    config: Object.keys(config).length === 0 ? undefined : config,
    instruction: toldInWords ? outputInWords(output) : null,
  };
}

function takesSchema({ tools, extensions }: GenerateRequest, traits: Traits): boolean {
  return (
    traits.schemaBesideTools ||
    // A client of this format asked for both; what the model makes of it is not ours to change.
    extensions?.gemini !== undefined ||
    !tools.some(({ kind }) => kind === "function")
  );
}

function stopSequences(stop: readonly string[] | undefined, losses: Losses): GenerationConfig {
  const sequences = stop?.filter((text) => text !== "") ?? [];
  if (sequences.length > MAX_STOP_SEQUENCES)
    losses.refuse(`stop: ${sequences.length} sequences`, `it takes ${MAX_STOP_SEQUENCES} at most.`);
  return sequences.length === 0 ? {} : { stopSequences: sequences };
}

/** Penalties of 0 are none, and models that have none refuse even those. */
function penalties(
  { presencePenalty, frequencyPenalty }: GenerateRequest,
  taken: boolean,
  losses: Losses,
): GenerationConfig {
  if (!taken && presencePenalty) losses.add("presencePenalty");
  if (!taken && frequencyPenalty) losses.add("frequencyPenalty");
  return {
    ...(taken && presencePenalty ? { presencePenalty } : {}),
    ...(taken && frequencyPenalty ? { frequencyPenalty } : {}),
  };
}

function outputConfig(output: OutputFormat, traits: Traits, hasSchema: boolean): GenerationConfig {
  const responseMimeType = "application/json";
  if (output.kind === "json-object" || hasSchema) return { responseMimeType };
  const schema = described(output);
  return traits.jsonSchema
    ? { responseMimeType, responseJsonSchema: writeJsonSchema(schema, false) }
    : { responseMimeType, responseSchema: writeSchema(schema) };
}

/** The schema with the description that other APIs keep beside it. */
function described(output: Extract<OutputFormat, { kind: "json-schema" }>) {
  return output.description === undefined || output.schema.description !== undefined
    ? output.schema
    : { description: output.description, ...output.schema };
}

function outputInWords(output: OutputFormat): string {
  const answer =
    "When you answer the user, rather than call a function, answer with JSON only: no words around it.";
  if (output.kind === "json-object") return answer;
  return `${answer} It must keep to this JSON Schema: ${JSON.stringify(described(output))}`;
}
