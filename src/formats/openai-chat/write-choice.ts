import type { ReasoningPart } from "../../exchange/parts.ts";
import type { PartStart, StreamEvent } from "../../exchange/stream.ts";
import type { AnswerContext } from "../codec.ts";
import { writeAnnotation } from "./annotations.ts";
import { writeFinish } from "./finish.ts";
import { writeLogprobs } from "./logprobs.ts";
import { ownMembers, tagged } from "./own.ts";
import { writeMedia } from "./pictures.ts";
import { withSignature } from "./signatures.ts";
import { BETWEEN, writeEntries } from "./thoughts.ts";
import { isLegacy } from "./write-response.ts";

type ChoiceEvent = Extract<StreamEvent, { choice: number }>;
type Delta = Extract<StreamEvent, { type: "delta" }>;
type CallStart = Extract<PartStart, { kind: "tool-call" }>;

/** Writes the chunks of one choice. */
export class ChoiceWriter {
  readonly #context: AnswerContext;
  readonly #before: string;
  readonly #after: string;
  readonly #legacy: boolean;
  /** The part that is open. */
  #part: PartStart | null = null;
  #roleTold = false;
  #calls = -1;
  #anyArguments = false;
  /** The open thought so far: what is signed is told whole. */
  #thought: ReasoningPart = { kind: "reasoning", text: "" };
  #thoughts = -1;
  /** Whether a thought before the open one had words. */
  #thoughtTold = false;
  #images = 0;
  /** Where the open text begins in the message's whole, and how much of it there is. */
  #offset = 0;
  #length = 0;

  constructor(index: number, context: AnswerContext, before: string, after: string) {
    this.#context = context;
    this.#before = `${before}{"index":${index},"delta":`;
    this.#after = after;
    this.#legacy = isLegacy(context.request);
  }

  write(event: ChoiceEvent): string {
    switch (event.type) {
      case "part-start":
        return this.#begin(event.part);
      case "delta":
        return this.#piece(event);
      case "citation":
        return this.#cite(event);
      case "seal":
        return this.#seal(event);
      case "part-end":
        return this.#endPart();
      case "part":
        return this.#whole(event);
      case "finish":
        return this.#finish(event);
    }
  }

  #begin(part: PartStart): string {
    this.#part = part;
    switch (part.kind) {
      case "text":
        this.#offset += this.#length;
        this.#length = 0;
        return this.#role({ content: "", refusal: null });
      case "refusal":
        return this.#role({ content: null, refusal: "" });
      case "reasoning": {
        const { kind, extensions, ...members } = part;
        this.#thought = { kind, text: "", ...members, ...(extensions === undefined ? {} : { extensions }) };
        this.#thoughts++;
        return this.#role({ content: null }) + this.#announce(part);
      }
      case "tool-call":
        return this.#beginCall(part);
    }
  }

  /** What there is to know of a thought besides its words stands before them: in an entry without text. */
  #announce(part: Extract<PartStart, { kind: "reasoning" }>): string {
    const { redacted, summary, itemId, extensions } = part;
    const isPlain = summary !== true && itemId === undefined && extensions === undefined;
    if (redacted === true || isPlain) return "";
    const [entry] = writeEntries({ ...this.#thought, text: BETWEEN }, this.#thoughts);
    const empty = summary === true ? { summary: "" } : { text: "" };
    return this.#chunk({ reasoning_details: [{ ...entry, ...empty }] });
  }

  #beginCall(part: CallStart): string {
    this.#calls++;
    this.#anyArguments = false;
    const { id, name } = part;
    if (this.#legacy) {
      if (this.#calls > 0) {
        this.#context.losses.add("answer: calls after the first");
        return "";
      }
      return this.#chunk({ ...this.#roleDelta({ content: null }), function_call: { name, arguments: "" } });
    }
    const own = ownMembers(part);
    const call =
      part.custom === true
        ? tagged(own, "custom", { index: this.#calls, id, type: "custom" }, { name, input: "" })
        : tagged(own, "function", { index: this.#calls, id, type: "function" }, { name, arguments: "" });
    return this.#chunk({ ...this.#roleDelta({ content: null }), tool_calls: [call] });
  }

  #piece({ text, logprobs }: Delta): string {
    switch (this.#part?.kind) {
      case "text":
        this.#length += text.length;
        return this.#text(`{"content":${JSON.stringify(text)}}`, logprobs, false);
      case "refusal":
        return this.#text(`{"refusal":${JSON.stringify(text)}}`, logprobs, true);
      case "reasoning": {
        const follows = this.#thought.text === "" && this.#thoughtTold;
        this.#thought = { ...this.#thought, text: this.#thought.text + text };
        return this.#text(`{"reasoning_content":${JSON.stringify(follows ? BETWEEN + text : text)}}`);
      }
      case "tool-call":
        this.#anyArguments = true;
        return this.#callPiece(text);
      case undefined:
        return "";
    }
  }

  #callPiece(text: string): string {
    const piece = JSON.stringify(text);
    if (this.#legacy) return this.#calls > 0 ? "" : this.#text(`{"function_call":{"arguments":${piece}}}`);
    const isCustom = this.#part?.kind === "tool-call" && this.#part.custom === true;
    const member = isCustom ? `"custom":{"input":${piece}}` : `"function":{"arguments":${piece}}`;
    return this.#text(`{"tool_calls":[{"index":${this.#calls},${member}}]}`);
  }

  #cite({ citation }: Extract<StreamEvent, { type: "citation" }>): string {
    const annotation = writeAnnotation(citation, this.#offset, this.#length, this.#context.losses);
    return annotation === null ? "" : this.#chunk({ annotations: [annotation] });
  }

  #seal({ seal }: Extract<StreamEvent, { type: "seal" }>): string {
    switch (this.#part?.kind) {
      case "reasoning":
        this.#thought = { ...this.#thought, seal };
        return "";
      case "tool-call": {
        if (this.#legacy) return "";
        // Readers want a function in every entry.
        const piece =
          this.#part.custom === true ? { custom: { input: "" } } : { function: { arguments: "" } };
        const signed = withSignature({ index: this.#calls, ...piece }, seal);
        return this.#chunk({ tool_calls: [signed] });
      }
      default:
        return this.#chunk(withSignature({}, seal) ?? {});
    }
  }

  #endPart(): string {
    const part = this.#part;
    const lacksArguments = part?.kind === "tool-call" && part.custom !== true && !this.#anyArguments;
    const empty = lacksArguments ? this.#callPiece("{}") : "";
    this.#part = null;
    if (part?.kind !== "reasoning") return empty;
    if (this.#thought.text !== "") this.#thoughtTold = true;
    const entries = writeEntries(this.#thought, this.#thoughts);
    return entries.length === 0 ? "" : this.#chunk({ reasoning_details: entries });
  }

  #whole({ part }: Extract<StreamEvent, { type: "part" }>): string {
    if (part.kind === "native") {
      this.#context.losses.add(`answer: ${part.type}`);
      return "";
    }
    const members = writeMedia(part, this.#images, this.#context);
    if (members === null) {
      this.#context.losses.add(`answer: ${part.media}`);
      return "";
    }
    if (members.images !== undefined) this.#images++;
    return this.#chunk({ ...this.#roleDelta({ content: null }), ...members });
  }

  #finish(event: Extract<StreamEvent, { type: "finish" }>): string {
    const reason = JSON.stringify(writeFinish(event.reason, this.#calls >= 0, this.#legacy));
    const { message: _message, ...own } = ownMembers(event) ?? {};
    const members = JSON.stringify(own).slice(1, -1);
    const more = members === "" ? "" : `,${members}`;
    const end = `${this.#before}{},"logprobs":null,"finish_reason":${reason}${more}}${this.#after}`;
    return this.#role({ content: "", refusal: null }) + end;
  }

  /** The chunk that says who speaks, if none has yet. */
  #role(members: object): string {
    return this.#roleTold ? "" : this.#chunk(this.#roleDelta(members));
  }

  #roleDelta(members: object): object {
    if (this.#roleTold) return {};
    this.#roleTold = true;
    return { role: "assistant", ...members };
  }

  #chunk(delta: object): string {
    return this.#text(JSON.stringify(delta));
  }

  /** A chunk with `delta`, which is JSON. */
  #text(delta: string, logprobs?: Delta["logprobs"], ofRefusal = false): string {
    const told = logprobs === undefined ? "null" : JSON.stringify(writeLogprobs(logprobs, ofRefusal));
    return `${this.#before}${delta},"logprobs":${told},"finish_reason":null}${this.#after}`;
  }
}
