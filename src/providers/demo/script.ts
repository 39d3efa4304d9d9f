import type { Ask } from "./ask.ts";
import { acknowledge } from "./attachments.ts";
import { type Behaviour, bareModel } from "./behaviours.ts";
import { sampleJson } from "./sample-json.ts";
import { countTokens } from "./tokens.ts";

const NOTICE = "This is Amsterdam's demo provider; no model was called.";
/** Characters of a prompt or a tool's result that are said back. */
const LONGEST_QUOTE = 4000;
const LONG_TOKENS = 2000;
const BIG_BYTES = 2 * 1024 * 1024;

export const REFUSAL = `${NOTICE} This demo model declines every request.`;

export const REASONING = [
  "This is the demo provider's reasoning.",
  "No model thinks here: the text is the same each time, so that you can see where reasoning arrives.",
].join(" ");

/** The answer's text, before limits and stop sequences. `index` counts from 0 where several are wanted. */
export function writeAnswer(ask: Ask, behaviour: Behaviour, index: number): string {
  if (behaviour.script === "long") return longText();
  if (behaviour.script === "big") return bigText();
  if (ask.output.kind === "schema") return JSON.stringify(sampleJson(ask.output.schema));
  if (ask.output.kind === "enum") return String(sampleJson(ask.output.schema));
  if (ask.output.kind === "json") return JSON.stringify({ notice: NOTICE, said: quote(ask.prompt) });
  return echoText(ask, behaviour, index);
}

function echoText(ask: Ask, behaviour: Behaviour, index: number): string {
  const sentences = [NOTICE];
  if (!behaviour.known) sentences.push(`You asked for the model "${bareModel(ask.model)}".`);
  if (index > 0) sentences.push(`This is answer ${index + 1} of ${ask.count}.`);
  if (ask.attachments.length > 0) sentences.push(acknowledge(ask.attachments));
  sentences.push(reply(ask));
  return sentences.join(" ");
}

function reply(ask: Ask): string {
  if (ask.toolResults.length > 0) {
    const noun = ask.toolResults.length > 1 ? "tools" : "tool";
    return `The ${noun} answered: ${ask.toolResults.map(quote).join(" | ")}`;
  }
  return ask.prompt === "" ? "You said nothing." : `You said: ${quote(ask.prompt)}`;
}

function quote(text: string): string {
  if (text.length <= LONGEST_QUOTE) return text;
  return `${text.slice(0, LONGEST_QUOTE).toWellFormed()}… (${text.length} characters in all)`;
}

function longText(): string {
  let text = `${NOTICE} This answer is about two thousand tokens long.`;
  let tokens = countTokens(text);
  for (let number = 1; tokens < LONG_TOKENS; number++) {
    const sentence = ` Sentence ${number} says nothing new, and says it at its leisure.`;
    text += sentence;
    tokens += countTokens(sentence);
  }
  return text;
}

function bigText(): string {
  const line = `${NOTICE} This answer is two megabytes long.\n`;
  return line.repeat(Math.ceil(BIG_BYTES / line.length)).slice(0, BIG_BYTES);
}
