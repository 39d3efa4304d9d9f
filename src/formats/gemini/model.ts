import type { Effort } from "../../exchange/request.ts";

/** What is known of a model by its name, where Google's models differ. */
export interface Traits {
  /** How thinking is set (ai.google.dev, "Thinking"): in tokens up to 2.5, by level from 3 on; older ones do not think. */
  readonly thinking: "none" | "budget" | "level";
  /** Tokens of thinking, where it is set in tokens. */
  readonly budget: { readonly least: number; readonly most: number };
  /** Thinking can be switched off. */
  readonly mayNotThink: boolean;
  /** From the least thinking to the most. */
  readonly levels: readonly Effort[];
  /** Calls in the history must be signed, or say that they are not. */
  readonly checksSignatures: boolean;
  /** Functions and hosted tools may stand in one request. */
  readonly mixesTools: boolean;
  /** The answer may be held to a schema though there are functions. */
  readonly schemaBesideTools: boolean;
  /** A function's response may hold media. */
  readonly mediaInResults: boolean;
  /** JSON Schema is taken as it is; otherwise it has to be OpenAPI's `Schema`. */
  readonly jsonSchema: boolean;
  /** Presence and frequency penalties are taken (by the Gemini API; Vertex takes them always). */
  readonly penalties: boolean;
  /** A system instruction is taken; otherwise it has to stand before the first user's words. */
  readonly systemInstruction: boolean;
}

const ALL_LEVELS: readonly Effort[] = ["minimal", "low", "medium", "high"];

const NEWEST: Traits = {
  thinking: "level",
  budget: { least: 1, most: 24_576 },
  mayNotThink: false,
  levels: ALL_LEVELS,
  checksSignatures: true,
  mixesTools: true,
  schemaBesideTools: true,
  mediaInResults: true,
  jsonSchema: true,
  penalties: true,
  systemInstruction: true,
};

const GEMINI_2: Traits = {
  ...NEWEST,
  thinking: "budget",
  mayNotThink: true,
  checksSignatures: false,
  mixesTools: false,
  schemaBesideTools: false,
  mediaInResults: false,
};

/**
 * What a model of this name can do. A name of Gemini's without a version, as `gemini-flash-latest`, is of the newest.
 * A name that is none of Google's is treated with care: it is sent what every model takes.
 */
export function traitsOf(model: string): Traits {
  const name = model.slice(model.lastIndexOf("/") + 1).toLowerCase();
  if (name.startsWith("gemma-")) return gemma(name);
  if (!name.startsWith("gemini-")) return GEMINI_2;
  if (name.includes("-image") || name.includes("-tts")) return { ...GEMINI_2, thinking: "none" };
  const version = Number.parseFloat(name.slice("gemini-".length));
  if (version < 2) return { ...GEMINI_2, thinking: "none", jsonSchema: false };
  if (version < 2.5) return { ...GEMINI_2, thinking: "none" };
  if (version < 3) return gemini25(name);
  return { ...NEWEST, levels: levelsOf(name, version) };
}

function gemma(name: string): Traits {
  // Version 4 thinks and takes instructions; those before do neither.
  const version = Number.parseFloat(name.slice("gemma-".length));
  return version >= 4
    ? { ...NEWEST, checksSignatures: false }
    : { ...GEMINI_2, thinking: "none", jsonSchema: false, systemInstruction: false };
}

function gemini25(name: string): Traits {
  const model = { ...GEMINI_2, penalties: false };
  if (name.includes("-pro")) return { ...model, mayNotThink: false, budget: { least: 128, most: 32_768 } };
  return name.includes("-lite") ? { ...model, budget: { least: 512, most: 24_576 } } : model;
}

/** As Google's table of models lists them; a level that a model lacks is refused. */
function levelsOf(name: string, version: number): readonly Effort[] {
  if (version === 3 && name.includes("-pro")) return ["low", "high"];
  const leastIsLow =
    name.includes("-pro") || !name.includes("flash") || version >= 3.7 || Number.isNaN(version);
  if (leastIsLow && !name.includes("flash-lite")) return ALL_LEVELS.slice(1);
  return ALL_LEVELS;
}
