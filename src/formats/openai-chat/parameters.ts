import type { FormatModule } from "../format.ts";

/** Others are called here as people call them. The limit is known by two names, of which only one may stand in a body. */
export const parameters: FormatModule["parameters"] = {
  max_tokens: { path: [["max_tokens"]], otherwise: ["max_completion_tokens"] },
  max_completion_tokens: { path: [["max_completion_tokens"]], otherwise: ["max_tokens"] },
  max_output_tokens: { path: [["max_completion_tokens"]], otherwise: ["max_tokens"] },
};
