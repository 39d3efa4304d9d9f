import type { Losses } from "../../exchange/losses.ts";
import type { GenerateRequest } from "../../exchange/request.ts";
import type { ModelTraits } from "./models.ts";
import type { MessagesRequest, Thinking } from "./wire.ts";

type Sampling = Pick<MessagesRequest, "temperature" | "top_p" | "top_k">;

/** The least top_p that may stand beside thinking ("Extended thinking", "Feature compatibility"). */
const LEAST_TOP_P = 0.95;

/** The default of temperature and top_p; leaving it out is no loss. */
const DEFAULT = 1;

export function ownSampling({ temperature, topP, topK }: GenerateRequest): Sampling {
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(topK === undefined ? {} : { top_k: topK }),
  };
}

/**
 * What the model takes of them: newer ones take none, others one of temperature and top_p, and beside thinking little is
 * left. Temperature goes to 1, OpenAI's to 2.
 */
export function writeSampling(
  { temperature, topP, topK }: GenerateRequest,
  { claude, sampling }: ModelTraits,
  thinking: Thinking | undefined,
  losses: Losses,
): Sampling {
  const free = sampling !== "none";
  const calm = !(claude && (thinking?.type === "enabled" || thinking?.type === "adaptive"));
  const kept = (name: string, value: number | undefined, fits: boolean): number | undefined => {
    if (value === undefined || fits) return value;
    if (name === "topK" || value !== DEFAULT) losses.add(name);
    return undefined;
  };
  // Of the two the one that says something is kept; where both do, temperature.
  const either = sampling !== "one" || topP === undefined || topP === DEFAULT || temperature !== DEFAULT;
  const heat = kept("temperature", temperature, free && calm && either);
  if (heat !== undefined && heat > 1) losses.add("temperature: 1 is the most");
  const alone = sampling !== "one" || heat === undefined;
  const nucleus = kept("topP", topP, free && alone && (calm || (topP ?? DEFAULT) >= LEAST_TOP_P));
  const top = kept("topK", topK, free && calm);
  return {
    ...(heat === undefined ? {} : { temperature: Math.min(heat, 1) }),
    ...(nucleus === undefined ? {} : { top_p: nucleus }),
    ...(top === undefined ? {} : { top_k: top }),
  };
}
