import type { Difference } from "./compare.ts";
import type { Format } from "./formats.ts";
import type { Reading } from "./reading.ts";
import type { Recording } from "./recordings.ts";

/** One aspect of one answer that a client read otherwise than the upstream's own reader did. */
export interface Deviation {
  readonly client: Format;
  readonly recording: Recording;
  readonly expected: Reading;
  readonly actual: Reading;
  readonly difference: Difference;
}

/** Why an answer cannot be the same in another format. */
export interface Exception {
  /** A short name, as it stands in the report. */
  readonly name: string;
  readonly reason: string;
  /** Narrow: what it does not describe is a fault of the gateway. */
  applies(deviation: Deviation): boolean;
}

/** Every way in which an answer may differ, and why. What none of them covers fails the proof. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    name: "Arguments that were cut off",
    reason:
      "The model ran out of tokens in the middle of a tool call's arguments. Chat and Responses hand on the broken text. Anthropic's whole answers and all of Gemini's have an object in its place, which half a text does not make: Anthropic's call has no arguments, Gemini's is left out. That the answer ended early comes through everywhere.",
    applies: ({ client, recording, expected, difference }) =>
      difference.aspect === "calls" &&
      expected.finish === "length" &&
      typeof expected.calls.at(-1)?.args === "string" &&
      (client === "gemini" || (client === "anthropic-messages" && !recording.stream)),
  },
  {
    name: "Thinking counted beside the answer",
    reason:
      "xAI's Chat API leaves thinking out of `completion_tokens`, though its total has it; everybody else's counts it in. The gateway tells xAI's clients of other formats the whole, as those formats define it. The reader of Chat takes xAI's number as it is.",
    applies: ({ recording, expected, actual, difference }) =>
      recording.format === "openai-chat" &&
      difference.aspect === "output tokens" &&
      (expected.usage.output ?? 0) + (expected.usage.reasoning ?? 0) === actual.usage.output &&
      recording.body.includes(`"total_tokens":${(expected.usage.input ?? 0) + actual.usage.output}`),
  },
];

export function exceptionOf(deviation: Deviation): Exception | null {
  return EXCEPTIONS.find((exception) => exception.applies(deviation)) ?? null;
}
