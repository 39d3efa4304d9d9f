import type {
  Candidate,
  FinishReason,
  FunctionCall,
  GenerateContentResponse,
  GenerateContentResponseUsageMetadata,
  Part,
} from "@google/genai";
import { isRecord, type JsonObject } from "../../src/exchange/read.ts";
import type { SseEvent } from "../../src/lib/sse.ts";

export interface GeminiStreamOptions {
  /** Whether the stream is to end in an error event. */
  readonly error?: boolean;
}

const CHUNK: readonly (keyof GenerateContentResponse | "serviceTier" | "turnToken")[] = [
  "candidates",
  "createTime",
  "modelVersion",
  "promptFeedback",
  "responseId",
  "usageMetadata",
  "turnToken",
];
const CANDIDATE: readonly (keyof Candidate | "score")[] = [
  "content",
  "citationMetadata",
  "finishMessage",
  "tokenCount",
  "finishReason",
  "groundingMetadata",
  "avgLogprobs",
  "index",
  "logprobsResult",
  "safetyRatings",
  "urlContextMetadata",
  "score",
];
/** A part is one of these. */
const DATA: readonly (keyof Part)[] = [
  "text",
  "inlineData",
  "fileData",
  "functionCall",
  "functionResponse",
  "executableCode",
  "codeExecutionResult",
  "toolCall",
  "toolResponse",
];
const PART: readonly (keyof Part)[] = [
  ...DATA,
  "thought",
  "thoughtSignature",
  "videoMetadata",
  "partMetadata",
];
const CALL: readonly (keyof FunctionCall)[] = ["id", "name", "args"];
const COUNTS: readonly (keyof GenerateContentResponseUsageMetadata)[] = [
  "promptTokenCount",
  "candidatesTokenCount",
  "thoughtsTokenCount",
  "toolUsePromptTokenCount",
];
const FINISH_REASONS: readonly `${FinishReason}`[] = [
  "STOP",
  "MAX_TOKENS",
  "SAFETY",
  "RECITATION",
  "LANGUAGE",
  "OTHER",
  "BLOCKLIST",
  "PROHIBITED_CONTENT",
  "SPII",
  "MALFORMED_FUNCTION_CALL",
  "IMAGE_SAFETY",
  "UNEXPECTED_TOOL_CALL",
  "TOO_MANY_TOOL_CALLS",
  "IMAGE_PROHIBITED_CONTENT",
  "NO_IMAGE",
  "IMAGE_RECITATION",
  "IMAGE_OTHER",
  "MALFORMED_RESPONSE",
];

/** What is wrong with a stream of generateContent answers by the SDK's types; empty where nothing is. */
export function validateStream(events: readonly SseEvent[], options: GeminiStreamOptions = {}): string[] {
  const told = events.filter((event) => event.data !== "");
  const lines = told.flatMap(({ event }, index) =>
    event === null ? [] : [`event ${index} has an event line: ${event}`],
  );
  return [
    ...lines,
    ...validateChunks(
      told.map(({ data }) => parsed(data)),
      options,
    ),
  ];
}

/** The same for answers that came as the elements of one JSON array. */
export function validateChunks(chunks: readonly unknown[], options: GeminiStreamOptions = {}): string[] {
  const problems: string[] = [];
  const answer = new Answer(problems);
  let error = false;
  chunks.forEach((chunk, index) => {
    const at = `chunk ${index}`;
    if (error) problems.push(`${at} comes after an error`);
    if (!isRecord(chunk)) problems.push(`${at} is no JSON object`);
    else if (chunk.error === undefined) answer.take(chunk, at);
    else {
      error = true;
      if (!options.error) problems.push(`${at} is an error: ${JSON.stringify(chunk.error)}`);
      problems.push(...errorProblems(chunk.error, at));
    }
  });
  if (options.error && !error) problems.push("no error event");
  if (!error) answer.end();
  return problems;
}

/** What is wrong with a whole answer. */
export function validateResponse(body: unknown): string[] {
  return validateChunks([body]);
}

class Answer {
  readonly #problems: string[];
  readonly #finished = new Map<number, boolean>();
  #responseId: unknown;
  #blocked = false;
  #usage = false;

  constructor(problems: string[]) {
    this.#problems = problems;
  }

  take(chunk: JsonObject, at: string): void {
    this.#members(chunk, CHUNK, at);
    if (typeof chunk.modelVersion !== "string") this.#problem(`${at}: no modelVersion`);
    if (typeof chunk.responseId !== "string" || chunk.responseId === "")
      this.#problem(`${at}: no responseId`);
    this.#responseId ??= chunk.responseId;
    if (chunk.responseId !== this.#responseId) this.#problem(`${at}: another responseId than before`);
    this.#usage = chunk.usageMetadata !== undefined;
    if (this.#usage) this.#counts(chunk.usageMetadata, at);
    const { candidates, promptFeedback } = chunk;
    if (candidates === undefined && isRecord(promptFeedback)) this.#blocked = true;
    else if (!Array.isArray(candidates) || candidates.length === 0) this.#problem(`${at}: no candidates`);
    else for (const candidate of candidates) this.#candidate(candidate, at);
  }

  end(): void {
    if (this.#finished.size === 0 && !this.#blocked) this.#problem("no candidate at all");
    for (const [index, finished] of this.#finished)
      if (!finished) this.#problem(`candidate ${index} has no finishReason`);
    if (!this.#usage) this.#problem("the last chunk has no usageMetadata");
  }

  #problem(problem: string): void {
    this.#problems.push(problem);
  }

  #members(object: JsonObject, known: readonly string[], at: string): void {
    for (const key of Object.keys(object)) if (!known.includes(key)) this.#problem(`${at}: unknown ${key}`);
  }

  #counts(usage: unknown, at: string): void {
    if (!isRecord(usage)) {
      this.#problem(`${at}: usageMetadata must be an object`);
      return;
    }
    const counts = COUNTS.map((key) => usage[key] ?? 0);
    if (!counts.every(Number.isInteger)) {
      this.#problem(`${at}: counts of tokens must be integers`);
      return;
    }
    const total = (counts as number[]).reduce((sum, count) => sum + count, 0);
    if (usage.totalTokenCount !== undefined && usage.totalTokenCount !== total)
      this.#problem(`${at}: totalTokenCount is ${usage.totalTokenCount}, the counts' sum ${total}`);
  }

  #candidate(candidate: unknown, at: string): void {
    if (!isRecord(candidate)) {
      this.#problem(`${at}: a candidate must be an object`);
      return;
    }
    const index = candidate.index ?? 0;
    const where = `${at}, candidate ${index}`;
    if (!Number.isInteger(index)) this.#problem(`${where}: index must be an integer`);
    this.#members(candidate, CANDIDATE, where);
    if (this.#finished.get(index as number)) this.#problem(`${where} goes on after its finishReason`);
    const { finishReason, content } = candidate;
    if (finishReason !== undefined && !FINISH_REASONS.includes(finishReason as `${FinishReason}`))
      this.#problem(`${where}: finishReason ${finishReason}`);
    this.#finished.set(index as number, finishReason !== undefined);
    // A candidate that said nothing tells only how it ended.
    if (finishReason !== undefined && !(isRecord(content) && content.parts !== undefined)) return;
    if (!isRecord(content) || content.role !== "model" || !Array.isArray(content.parts)) {
      this.#problem(`${where}: content needs the role model and parts`);
      return;
    }
    if (content.parts.length === 0) this.#problem(`${where}: no parts`);
    content.parts.forEach((part, number) => {
      this.#part(part, `${where}, part ${number}`);
    });
  }

  #part(part: unknown, at: string): void {
    if (!isRecord(part)) {
      this.#problem(`${at} must be an object`);
      return;
    }
    this.#members(part, PART, at);
    const data = DATA.filter((member) => part[member] !== undefined);
    if (data.length !== 1) this.#problem(`${at} must be one thing, and is [${data}]`);
    if (part.text !== undefined && typeof part.text !== "string")
      this.#problem(`${at}: text must be a string`);
    if (part.thought !== undefined && typeof part.thought !== "boolean")
      this.#problem(`${at}: thought must be true or false`);
    const signature = part.thoughtSignature;
    if (signature !== undefined && !(typeof signature === "string" && /^[\w+/-]+={0,2}$/.test(signature)))
      this.#problem(`${at}: thoughtSignature must be base64`);
    if (part.functionCall !== undefined) this.#call(part.functionCall, at);
  }

  #call(call: unknown, at: string): void {
    if (!isRecord(call)) {
      this.#problem(`${at}: functionCall must be an object`);
      return;
    }
    this.#members(call, CALL, at);
    if (typeof call.name !== "string" || call.name === "") this.#problem(`${at}: no name`);
    if (!isRecord(call.args)) this.#problem(`${at}: args must be an object`);
    if (call.id !== undefined && (typeof call.id !== "string" || call.id === ""))
      this.#problem(`${at}: id must be a string`);
  }
}

function errorProblems(error: unknown, at: string): string[] {
  const fits =
    isRecord(error) &&
    Number.isInteger(error.code) &&
    typeof error.message === "string" &&
    typeof error.status === "string";
  return fits ? [] : [`${at}: an error needs code, message and status`];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told as a problem where it is used.
    return undefined;
  }
}
