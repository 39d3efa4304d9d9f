import type { Citation, Extensions, Part, Seal } from "./parts.ts";
import type { Choice, FinishReason, GenerateResponse, TokenLogprob } from "./response.ts";
import type { PartStart, StreamEvent } from "./stream.ts";
import type { ToldError } from "./told-error.ts";
import { mergeUsage, type Usage } from "./usage.ts";

/** What a stream amounted to. */
export interface Assembled {
  readonly response: GenerateResponse;
  /** The error that ended it, or null. */
  readonly error: ToldError | null;
  /** Whether it came to its end: every choice finished, and no error. */
  readonly complete: boolean;
}

interface OpenPart {
  readonly start: PartStart;
  text: string;
  citations: Citation[];
  seal: Seal | null;
}

interface OpenChoice {
  readonly parts: Part[];
  readonly logprobs: TokenLogprob[];
  open: OpenPart | null;
  finish: { reason: FinishReason; stopSequence?: string; extensions?: Extensions } | null;
}

/** Puts the events of a stream together to the answer that the same exchange gives when it is not streamed. */
export class Assembler {
  #id = "";
  #model = "";
  #createdAt: number | undefined;
  #serviceTier: string | undefined;
  #extensions: Extensions | undefined;
  #usage: Usage | undefined;
  #error: ToldError | null = null;
  #ended = false;
  readonly #choices = new Map<number, OpenChoice>();

  take(event: StreamEvent): void {
    switch (event.type) {
      case "start":
        this.#id = event.id;
        this.#model = event.model;
        this.#createdAt = event.createdAt;
        this.#serviceTier = event.serviceTier;
        this.#extensions = event.extensions;
        return;
      case "usage":
        this.#usage = mergeUsage(this.#usage, event.usage);
        return;
      case "end":
        this.#ended = true;
        this.#serviceTier = event.serviceTier ?? this.#serviceTier;
        this.#extensions = mergeExtensions(this.#extensions, event.extensions);
        return;
      case "error":
        this.#error = event.error;
        return;
      default:
        takeOfChoice(this.#choice(event.choice), event);
    }
  }

  /** The answer so far; a part that is still open ends here. */
  result(): Assembled {
    const choices = [...this.#choices]
      .sort(([a], [b]) => a - b)
      .map(([index, choice]) => choiceOf(index, choice));
    const response: GenerateResponse = {
      id: this.#id,
      model: this.#model,
      choices: choices.length > 0 ? choices : [{ index: 0, parts: [], finish: "other" }],
      ...(this.#createdAt === undefined ? {} : { createdAt: this.#createdAt }),
      ...(this.#usage === undefined ? {} : { usage: this.#usage }),
      ...(this.#serviceTier === undefined ? {} : { serviceTier: this.#serviceTier }),
      ...(this.#extensions === undefined ? {} : { extensions: this.#extensions }),
    };
    return { response, error: this.#error, complete: this.#ended && this.#error === null };
  }

  #choice(index: number): OpenChoice {
    let choice = this.#choices.get(index);
    if (choice === undefined) {
      choice = { parts: [], logprobs: [], open: null, finish: null };
      this.#choices.set(index, choice);
    }
    return choice;
  }
}

function takeOfChoice(choice: OpenChoice, event: Extract<StreamEvent, { choice: number }>): void {
  switch (event.type) {
    case "part-start":
      choice.open = { start: event.part, text: "", citations: [], seal: null };
      return;
    case "delta":
      if (choice.open !== null) choice.open.text += event.text;
      if (event.logprobs !== undefined) choice.logprobs.push(...event.logprobs);
      return;
    case "citation":
      choice.open?.citations.push(event.citation);
      return;
    case "seal":
      if (choice.open !== null) choice.open.seal = event.seal;
      return;
    case "part-end":
      if (choice.open !== null) choice.parts.push(partOf(choice.open, event.extensions));
      choice.open = null;
      return;
    case "part":
      choice.parts.push(event.part);
      return;
    case "finish":
      choice.finish = event;
  }
}

function choiceOf(index: number, choice: OpenChoice): Choice {
  const parts = choice.open === null ? choice.parts : [...choice.parts, partOf(choice.open, undefined)];
  return {
    index,
    parts,
    finish: choice.finish?.reason ?? "other",
    ...(choice.finish?.stopSequence === undefined ? {} : { stopSequence: choice.finish.stopSequence }),
    ...(choice.logprobs.length === 0 ? {} : { logprobs: choice.logprobs }),
    ...(choice.finish?.extensions === undefined ? {} : { extensions: choice.finish.extensions }),
  };
}

/** A part of its beginning, its text, and what was told at its end. */
function partOf({ start, text, citations, seal }: OpenPart, ended: Extensions | undefined): Part {
  const extensions = mergeExtensions(start.extensions, ended);
  const rest = {
    ...(seal === null ? {} : { seal }),
    ...(extensions === undefined ? {} : { extensions }),
  };
  switch (start.kind) {
    case "text":
      return { ...start, text, ...(citations.length === 0 ? {} : { citations }), ...rest };
    case "tool-call":
      return { ...start, arguments: text === "" && start.custom !== true ? "{}" : text, ...rest };
    default:
      return { ...start, text, ...rest };
  }
}

/** Members of `later` win. */
function mergeExtensions(
  earlier: Extensions | undefined,
  later: Extensions | undefined,
): Extensions | undefined {
  if (earlier === undefined || later === undefined) return later ?? earlier;
  const merged: Extensions = { ...earlier };
  for (const [format, members] of Object.entries(later) as [keyof Extensions, Record<string, unknown>][])
    merged[format] = { ...earlier[format], ...members };
  return merged;
}
