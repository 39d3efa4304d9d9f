import {
  type JsonObject,
  optionalArray,
  optionalBoolean,
  optionalNumber,
  optionalRecord,
  optionalString,
  requiredString,
  restOf,
} from "../../exchange/read.ts";
import type { GenerateRequest, OutputFormat } from "../../exchange/request.ts";
import { camelCased } from "./names.ts";
import { readThinking } from "./reasoning.ts";
import { readSchema } from "./schema.ts";

/** Members of `generationConfig` that the neutral form has a place for and that are written from there alone. */
const KNOWN: ReadonlySet<string> = new Set([
  "temperature",
  "topP",
  "topK",
  "candidateCount",
  "maxOutputTokens",
  "stopSequences",
  "responseJsonSchema",
  "presencePenalty",
  "frequencyPenalty",
  "seed",
  "responseLogprobs",
  "logprobs",
]);

/** A number's member here and there. */
const NUMBERS = [
  ["temperature", "temperature"],
  ["topP", "topP"],
  ["topK", "topK"],
  ["maxOutputTokens", "maxOutputTokens"],
  ["presencePenalty", "presencePenalty"],
  ["frequencyPenalty", "frequencyPenalty"],
  ["seed", "seed"],
  ["candidateCount", "choices"],
] as const;

type Settings = Partial<GenerateRequest>;

/** Reads `generationConfig`; `rest` are its members that have no place in the neutral form, or say more than it. */
export function readSettings(value: unknown): { settings: Settings; rest: JsonObject | undefined } {
  const param = "generationConfig";
  const given = optionalRecord(value, param);
  if (given === undefined) return { settings: {}, rest: undefined };
  const config = camelCased(given);
  const settings: { -readonly [key in keyof Settings]: Settings[key] } = {};
  for (const [wire, neutral] of NUMBERS) {
    const number = optionalNumber(config[wire], `${param}.${wire}`);
    if (number !== undefined) settings[neutral] = number;
  }
  const stop = optionalArray(config.stopSequences, `${param}.stopSequences`)?.map((text, index) =>
    requiredString(text, `${param}.stopSequences[${index}]`),
  );
  if (stop !== undefined && stop.length > 0) settings.stop = stop;
  const top = optionalNumber(config.logprobs, `${param}.logprobs`);
  if (optionalBoolean(config.responseLogprobs, `${param}.responseLogprobs`))
    settings.logprobs = top === undefined ? {} : { top };
  const output = readOutput(config, param);
  if (output !== undefined) settings.output = output;
  const rest: Record<string, unknown> = { ...restOf(config, KNOWN) };
  if (output?.kind === "json-object") delete rest.responseMimeType;
  if (output?.kind === "json-schema" && rest.responseMimeType === "application/json")
    delete rest.responseMimeType;
  const thinking = optionalRecord(config.thinkingConfig, `${param}.thinkingConfig`);
  if (thinking !== undefined) {
    const named = camelCased(thinking);
    rest.thinkingConfig = named;
    const reasoning = readThinking(named, `${param}.thinkingConfig`);
    if (reasoning !== undefined) settings.reasoning = reasoning;
  }
  return { settings, rest: Object.keys(rest).length === 0 ? undefined : rest };
}

function readOutput(config: JsonObject, param: string): OutputFormat | undefined {
  const jsonSchema = optionalRecord(config.responseJsonSchema, `${param}.responseJsonSchema`);
  const schema = optionalRecord(config.responseSchema, `${param}.responseSchema`);
  const mimeType = optionalString(config.responseMimeType, `${param}.responseMimeType`);
  // Google's API takes an enumeration as a type of text; elsewhere that is no schema for an answer.
  if (mimeType === "text/x.enum") return undefined;
  if (jsonSchema !== undefined) return { kind: "json-schema", schema: jsonSchema };
  if (schema !== undefined) return { kind: "json-schema", schema: readSchema(schema) };
  return mimeType === "application/json" ? { kind: "json-object" } : undefined;
}
