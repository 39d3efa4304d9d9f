import { budgetOfEffort } from "../../exchange/reasoning.ts";
import { EFFORTS } from "../../exchange/request.ts";
import type { FormatModule, Parameter } from "../format.ts";

const CONFIG = ["generationConfig", "generation_config"] as const;

/** A member of `generationConfig` by its name in camel case; the API takes it in snake case too. */
function setting(name: string, write?: Parameter["write"]): Parameter {
  return { path: [CONFIG, spellings(name)], ...(write === undefined ? {} : { write }) };
}

function spellings(name: string): readonly string[] {
  return [name, name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
}

const stop = setting("stopSequences", (value) => (typeof value === "string" ? [value] : value));
const limit = setting("maxOutputTokens");

/** ai.google.dev/api/generate-content#GenerationConfig */
export const parameters: FormatModule["parameters"] = {
  ...Object.fromEntries(
    [
      "temperature",
      "topP",
      "topK",
      "candidateCount",
      "maxOutputTokens",
      "stopSequences",
      "presencePenalty",
      "frequencyPenalty",
      "seed",
      "responseLogprobs",
      "responseMimeType",
      "responseSchema",
      "responseJsonSchema",
      "responseModalities",
      "thinkingConfig",
      "mediaResolution",
    ].flatMap((name) => spellings(name).map((spelling) => [spelling, setting(name)])),
  ),
  generationConfig: { path: [CONFIG], isGroup: true },
  generation_config: { path: [CONFIG], isGroup: true },
  max_tokens: limit,
  max_completion_tokens: limit,
  stop,
  stop_sequences: stop,
  n: setting("candidateCount"),
  logprobs: setting("responseLogprobs"),
  top_logprobs: setting("logprobs"),
  reasoning_effort: {
    path: [CONFIG, spellings("thinkingConfig"), spellings("thinkingLevel")],
    otherwise: spellings("thinkingBudget"),
    write: thinking,
  },
  user: null,
  logit_bias: null,
  verbosity: null,
  parallel_tool_calls: null,
};

/** Models up to 2.5 take a budget, those after a level: a body that has a budget is for one of the former. */
function thinking(effort: unknown, name: string): unknown {
  const known = EFFORTS.find((each) => each === effort);
  if (known === undefined) return effort;
  return name === "thinkingBudget" || name === "thinking_budget"
    ? budgetOfEffort(known)
    : known.toUpperCase();
}
