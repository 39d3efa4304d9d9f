import type { FormatModule, Parameter } from "../format.ts";

const LIMIT: Parameter = { path: [["max_output_tokens"]] };

/** OpenAI's API reference, "Create a model response", which refuses what it does not know. */
export const parameters: FormatModule["parameters"] = {
  max_tokens: LIMIT,
  max_completion_tokens: LIMIT,
  reasoning_effort: { path: [["reasoning"], ["effort"]] },
  verbosity: { path: [["text"], ["verbosity"]] },
  stop: null,
  seed: null,
  n: null,
  presence_penalty: null,
  frequency_penalty: null,
  logit_bias: null,
  logprobs: null,
};
