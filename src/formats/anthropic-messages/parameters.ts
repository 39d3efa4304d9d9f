import type { FormatModule, Parameter } from "../format.ts";

const LIMIT: Parameter = { path: [["max_tokens"]] };

/** platform.claude.com/docs, "Create a Message", which refuses what it does not know. */
export const parameters: FormatModule["parameters"] = {
  max_completion_tokens: LIMIT,
  max_output_tokens: LIMIT,
  stop: { path: [["stop_sequences"]], write: (value) => (typeof value === "string" ? [value] : value) },
  reasoning_effort: { path: [["output_config"], ["effort"]] },
  user: { path: [["metadata"], ["user_id"]] },
  seed: null,
  n: null,
  presence_penalty: null,
  frequency_penalty: null,
  logit_bias: null,
  logprobs: null,
  top_logprobs: null,
  verbosity: null,
  parallel_tool_calls: null,
};
