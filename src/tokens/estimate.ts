import type { MediaPart, Part } from "../exchange/parts.ts";
import type { GenerateRequest, Tool } from "../exchange/request.ts";
import { countTokens } from "./tokenizer.ts";

/** Tokens that frame each message, by OpenAI's own recipe for counting chats. */
const PER_MESSAGE = 3;
const PER_REQUEST = 3;
/** What an image of middle size costs at the providers that say so: 765 tokens at OpenAI, some 1,600 at Anthropic. */
const PER_IMAGE = 1000;
/** What a page of a document costs, and how many bytes a page has, roughly. */
const PER_PAGE = 1500;
const PAGE_BYTES = 50_000;

/** How many tokens a text has, by the tokenizer of OpenAI's newer models; others' counts differ by a fifth or so. */
export function estimateTextTokens(text: string): Promise<number> {
  return countTokens([text]);
}

/** How many tokens a request's prompt has: an estimate, for where no API of the target counts. */
export async function estimateRequestTokens(request: GenerateRequest): Promise<number> {
  const prompt: Prompt = { texts: [], tokens: PER_REQUEST };
  for (const { parts, name } of request.messages) {
    prompt.tokens += PER_MESSAGE;
    if (name !== undefined) prompt.texts.push(name);
    for (const part of parts) addPart(prompt, part);
  }
  for (const tool of request.tools) prompt.texts.push(toolText(tool));
  return prompt.tokens + (await countTokens(prompt.texts));
}

/** Texts that are still to be counted, and the tokens of all else. */
interface Prompt {
  readonly texts: string[];
  tokens: number;
}

function addPart(prompt: Prompt, part: Part): void {
  switch (part.kind) {
    case "text":
    case "refusal":
    case "reasoning":
      prompt.texts.push(part.text);
      return;
    case "media":
      addMedia(prompt, part);
      return;
    case "tool-call":
      prompt.tokens += PER_MESSAGE;
      prompt.texts.push(part.name + part.arguments);
      return;
    case "tool-result":
      prompt.tokens += PER_MESSAGE;
      for (const inner of part.parts) addPart(prompt, inner);
      return;
    case "native":
      prompt.texts.push(JSON.stringify(part.value) ?? "");
  }
}

function addMedia(prompt: Prompt, { media, source }: MediaPart): void {
  if (source.kind === "text") prompt.texts.push(source.text);
  else if (media !== "document" || source.kind !== "base64") prompt.tokens += PER_IMAGE;
  else prompt.tokens += PER_PAGE * Math.ceil((source.data.length * 0.75) / PAGE_BYTES);
}

function toolText(tool: Tool): string {
  if (tool.kind === "hosted") return tool.type;
  const schema =
    tool.kind === "function" ? (JSON.stringify(tool.parameters) ?? "") : (tool.grammar?.definition ?? "");
  return `${tool.name} ${tool.description ?? ""} ${schema}`;
}
