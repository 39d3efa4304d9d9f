/**
 * What Claude models take, where they differ. Sources: Anthropic's pages "Models overview", "Adaptive thinking",
 * "Extended thinking", "Effort", "Structured outputs", "Mid-conversation system messages" and the migration guides of each
 * model (platform.claude.com, read in November 2026), and the model catalogue of the AI SDK's provider
 * (@ai-sdk/anthropic 4.0, anthropic-model-catalog.ts).
 */
export interface ModelTraits {
  /** Whether it is a Claude at all; others behind the same API have fewer rules. */
  readonly claude: boolean;
  /** The most `max_tokens` may be; null where that is not known. */
  readonly maxOutput: number | null;
  /** What `max_tokens` is where the client gives none; the API demands one. */
  readonly defaultOutput: number;
  /** The ways of thinking: a budget of tokens, as much as the model sees fit, either, or none. */
  readonly thinking: "none" | "budget" | "either" | "adaptive";
  /** Whether it thinks when `thinking` is absent. */
  readonly thinksUnasked: boolean;
  /** How thinking is kept out, or as short as can be: by leaving `thinking` out, a type of it, or low effort. */
  readonly quiet: "omit" | "disabled" | "between_tools" | "effort";
  /** Whether `output_config.effort` may be `xhigh`. */
  readonly xhigh: boolean;
  /** Whether thoughts are hidden unless `display` asks for them. */
  readonly hidesThoughts: boolean;
  /** Whether temperature, top_p and top_k are taken: all, one of temperature and top_p, or none. */
  readonly sampling: "all" | "one" | "none";
  /** Whether `output_config.format` and strict tools are known. */
  readonly structured: boolean;
  /** Whether a tool may be forced by `tool_choice`. */
  readonly forcedTools: boolean;
  /**
   * Whether a message may have the role `system`. Opus 4.8 and Sonnet 5 are said to take it too; but there is a recording
   * in which 4.8 refuses it, and words that are marked always do.
   */
  readonly systemTurns: boolean;
}

/** Claude 3.7 to 4.5: a budget, no thinking unasked. */
const BUDGETED: ModelTraits = {
  claude: true,
  maxOutput: 64_000,
  defaultOutput: 64_000,
  thinking: "budget",
  thinksUnasked: false,
  quiet: "omit",
  xhigh: false,
  hidesThoughts: false,
  sampling: "all",
  structured: false,
  forcedTools: true,
  systemTurns: false,
};
const EARLY: ModelTraits = { ...BUDGETED, thinking: "none", maxOutput: 4096, defaultOutput: 4096 };
const CLAUDE_4: ModelTraits = { ...BUDGETED, sampling: "one", structured: true };
const CLAUDE_4_6: ModelTraits = {
  ...CLAUDE_4,
  maxOutput: 128_000,
  defaultOutput: 128_000,
  thinking: "either",
};
const CLAUDE_4_7: ModelTraits = {
  ...CLAUDE_4_6,
  thinking: "adaptive",
  xhigh: true,
  hidesThoughts: true,
  sampling: "none",
};
/** Claude 5: thinks unless it is told not to. */
const CLAUDE_5: ModelTraits = { ...CLAUDE_4_7, thinksUnasked: true, quiet: "disabled", systemTurns: true };
/** What no Claude of the new kind refuses; for those that are not known yet. */
const NEWER: ModelTraits = { ...CLAUDE_5, maxOutput: null, quiet: "effort" };

/** A model that is not Claude behind the same API. Its limit is not known: what the smallest of them take. */
const OTHER: ModelTraits = { ...BUDGETED, claude: false, maxOutput: null, defaultOutput: 8192 };

/** The traits of a model by its name, as Anthropic, Bedrock, Vertex and routers write it. */
export function traitsOf(model: string): ModelTraits {
  const words = wordsOf(model);
  const claude = words.indexOf("claude");
  if (claude < 0) return OTHER;
  const { family, version } = versionOf(words.slice(claude + 1));
  if (family === "mythos" && version === null) return { ...CLAUDE_4_7, thinksUnasked: true, quiet: "effort" };
  if (version === null) return family === "instant" ? EARLY : NEWER;
  if (version >= 50) return claude5(family, version);
  if (version >= 47) return CLAUDE_4_7;
  if (version >= 46) return CLAUDE_4_6;
  if (version >= 45) return CLAUDE_4;
  if (version >= 40) return claude4(family, version);
  if (version >= 37) return BUDGETED;
  return version >= 35 ? { ...EARLY, maxOutput: 8192, defaultOutput: 8192 } : EARLY;
}

function claude4(family: string, version: number): ModelTraits {
  const limit = family === "opus" ? 32_000 : 64_000;
  return { ...(version >= 41 ? CLAUDE_4 : BUDGETED), maxOutput: limit, defaultOutput: limit };
}

function claude5(family: string, version: number): ModelTraits {
  if (family === "fable" || family === "mythos")
    return { ...CLAUDE_5, quiet: "effort", forcedTools: version === 50 };
  if (version < 55) return { ...CLAUDE_5, systemTurns: family !== "sonnet" };
  if (version > 55) return NEWER;
  switch (family) {
    case "sonnet":
      return { ...CLAUDE_5, quiet: "between_tools", forcedTools: false };
    case "opus":
      return { ...CLAUDE_5, quiet: "effort", forcedTools: false };
    default:
      return CLAUDE_5;
  }
}

/** `anthropic.claude-opus-4-1-20250805-v1:0` -> anthropic, claude, opus, 4, 1, 20250805, v1, 0 */
function wordsOf(model: string): string[] {
  return model.toLowerCase().split(/[^a-z0-9]+/);
}

/** Family and version of the words after `claude`, in either order (`opus-4-5`, `3-5-sonnet`); 45 stands for 4.5. */
function versionOf(words: readonly string[]): { family: string; version: number | null } {
  let family = "";
  const numbers: number[] = [];
  for (const word of words) {
    const digits = word.startsWith("v") ? word.slice(1) : word;
    // A longer number is a date, and what follows it no longer belongs to the version.
    if (digits.length > 2 && !Number.isNaN(Number(digits))) break;
    if (digits !== "" && !Number.isNaN(Number(digits))) numbers.push(Number(digits));
    else if (family === "") family = word;
    if (numbers.length === 2) break;
  }
  const [major, minor = 0] = numbers;
  return { family, version: major === undefined ? null : major * 10 + minor };
}
