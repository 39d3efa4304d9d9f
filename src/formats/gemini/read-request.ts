import { invalid, isRecord, type JsonObject, optionalString, restOf } from "../../exchange/read.ts";
import type { GenerateRequest } from "../../exchange/request.ts";
import type { RequestPath } from "../codec.ts";
import { bareModel, camelCased } from "./names.ts";
import { readContents, readSystem } from "./read-contents.ts";
import { readSettings } from "./read-settings.ts";
import { readToolConfig, readTools } from "./read-tools.ts";

const KNOWN: ReadonlySet<string> = new Set([
  "model",
  "contents",
  "systemInstruction",
  "tools",
  "toolConfig",
  "generationConfig",
  "serviceTier",
]);

/** Reads the body of generateContent. `path` names the model, and tells whether the answer is streamed. */
export function readRequest(value: unknown, path: RequestPath): GenerateRequest {
  if (!isRecord(value)) throw invalid("body", "must be a JSON object");
  const body = camelCased(value);
  const model = path.model ?? optionalString(body.model, "model") ?? "";
  const system = readSystem(body.systemInstruction, "systemInstruction");
  const messages = readContents(body.contents, "contents");
  const { settings, rest: config } = readSettings(body.generationConfig);
  const { choice, rest: toolConfig } = readToolConfig(body.toolConfig);
  const serviceTier = optionalString(body.serviceTier, "serviceTier");
  const rest: JsonObject = {
    ...restOf(body, KNOWN),
    ...(config === undefined ? {} : { generationConfig: config }),
    ...(toolConfig === undefined ? {} : { toolConfig }),
  };
  return {
    model: bareModel(model),
    stream: path.stream,
    streamUsage: true,
    messages: system === null ? messages : [system, ...messages],
    tools: readTools(body.tools),
    ...settings,
    ...(choice === undefined ? {} : { toolChoice: choice }),
    ...(serviceTier === undefined ? {} : { serviceTier: serviceTier.toLowerCase() }),
    ...(Object.keys(rest).length === 0 ? {} : { extensions: { gemini: rest } }),
  };
}
