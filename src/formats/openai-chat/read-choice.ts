import type { Citation } from "../../exchange/parts.ts";
import { arrayOf, isRecord, type JsonObject, recordOf, restOf, stringOf } from "../../exchange/read.ts";
import type { StreamEvent } from "../../exchange/stream.ts";
import { readAnnotations } from "./annotations.ts";
import { readFinish } from "./finish.ts";
import { Lanes } from "./lanes.ts";
import { readLogprobs } from "./logprobs.ts";
import { extended } from "./own.ts";
import { readImages, readSpeech } from "./pictures.ts";
import { readThinking } from "./read-messages.ts";
import { readSignature } from "./signatures.ts";
import { StreamCalls } from "./stream-calls.ts";
import { StreamThoughts } from "./stream-thoughts.ts";
import { ownSeal } from "./thoughts.ts";

const CHOICE = new Set(["index", "delta", "message", "text", "finish_reason", "logprobs", "usage"]);

/** Reads one choice of a stream. */
export class ChoiceReader {
  readonly #index: number;
  readonly #lanes: Lanes;
  readonly #thoughts: StreamThoughts;
  readonly #calls: StreamCalls;
  readonly #speech = { pieces: [] as Buffer[], members: {} as JsonObject, transcript: "" };
  /** Sources that came before the words that they are of. */
  #citations: Citation[] = [];
  #finish: string | null = null;
  #own: JsonObject | undefined;

  constructor(index: number) {
    this.#index = index;
    this.#lanes = new Lanes(index);
    this.#thoughts = new StreamThoughts(this.#lanes);
    this.#calls = new StreamCalls(this.#lanes);
  }

  /** Whether a finish reason came. More of the choice may still follow. */
  get finished(): boolean {
    return this.#finish !== null;
  }

  take(choice: JsonObject): StreamEvent[] {
    this.#lanes.logprobs(readLogprobs(choice.logprobs));
    // Legacy completions have the text in the choice itself.
    const delta = recordOf(choice.delta) ?? recordOf(choice.message) ?? { content: choice.text };
    this.#thoughts.take(delta);
    this.#takeSpoken(delta);
    this.#takeMedia(delta);
    for (const call of arrayOf(delta.tool_calls)) this.#calls.take(call);
    if (isRecord(delta.function_call)) this.#calls.take({ index: 0, function: delta.function_call });
    if (typeof choice.finish_reason === "string") {
      this.#finish ??= choice.finish_reason;
      this.#own = restOf(choice, CHOICE) ?? this.#own;
    }
    return this.#lanes.take();
  }

  /** The stream came to its end. */
  complete(): StreamEvent[] {
    for (const part of readSpeech(this.#speechTold())) this.#lanes.media(part);
    this.#lanes.finish();
    const reason = readFinish(this.#finish, this.#calls.any);
    return [...this.#lanes.take(), { type: "finish", choice: this.#index, reason, ...extended(this.#own) }];
  }

  #takeSpoken(delta: JsonObject): void {
    const { content, refusal } = delta;
    if (typeof content === "string") this.#text("text", content);
    else for (const part of arrayOf(content).filter(isRecord)) this.#takePart(part);
    if (typeof refusal === "string") this.#text("refusal", refusal);
    if (delta.annotations !== undefined) {
      this.#citations = [...this.#citations, ...readAnnotations(delta.annotations)];
      this.#tellCitations();
    }
    const seal = delta.extra_content === undefined ? undefined : readSignature(delta, ownSeal);
    const lane = seal === undefined ? undefined : this.#lanes.find("text");
    if (seal !== undefined && lane !== undefined) this.#lanes.seal(lane, seal);
  }

  #takePart(part: JsonObject): void {
    if (part.type === "thinking") this.#thoughts.text(readThinking(part).text);
    else if (typeof part.text === "string") this.#text("text", part.text);
    else for (const image of readImages([part])) this.#lanes.media(image);
  }

  #text(kind: "text" | "refusal", text: string): void {
    if (text === "") return;
    this.#lanes.text(this.#lanes.find(kind) ?? this.#lanes.begin(kind, { kind }), text);
    if (this.#citations.length > 0) this.#tellCitations();
  }

  #tellCitations(): void {
    const lane = this.#lanes.find("text");
    if (lane === undefined) return;
    for (const citation of this.#citations) this.#lanes.citation(lane, citation);
    this.#citations = [];
  }

  #takeMedia({ images, audio }: JsonObject): void {
    if (images !== undefined) for (const image of readImages(images)) this.#lanes.media(image);
    if (!isRecord(audio)) return;
    const { data, transcript, ...members } = audio;
    // Each piece is base64 of its own.
    if (typeof data === "string") this.#speech.pieces.push(Buffer.from(data, "base64"));
    this.#speech.transcript += stringOf(transcript) ?? "";
    this.#speech.members = { ...this.#speech.members, ...members };
  }

  #speechTold(): unknown {
    const { pieces, members, transcript } = this.#speech;
    if (pieces.length === 0) return null;
    return { ...members, data: Buffer.concat(pieces).toString("base64"), transcript };
  }
}
