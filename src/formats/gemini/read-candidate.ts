import type { Citation } from "../../exchange/parts.ts";
import { arrayOf, isRecord, type JsonObject, restOf, stringOf } from "../../exchange/read.ts";
import type { TokenLogprob } from "../../exchange/response.ts";
import type { StreamEvent } from "../../exchange/stream.ts";
import { readCitations } from "./citations.ts";
import { extended } from "./extensions.ts";
import { readFinish } from "./finish.ts";
import { JoinedParts } from "./joined-parts.ts";
import { readLogprobs } from "./logprobs.ts";
import { camelCasedOf } from "./names.ts";
import { PartialArguments } from "./partial-args.ts";
import { EMPTY_PART, nativePart, readPart } from "./read-part.ts";

const KNOWN: ReadonlySet<string> = new Set(["content", "index", "finishReason", "logprobsResult"]);

/** A call that comes in pieces. */
interface PartialCall {
  readonly part: JsonObject;
  readonly args: PartialArguments;
}

/** Reads one candidate of an answer, which may come in many chunks. */
export class CandidateReader {
  readonly #index: number;
  readonly #parts: JoinedParts;
  #finishReason: string | undefined;
  /** Members of the candidate beside those of the neutral form, each the latest. */
  #rest: JsonObject | undefined;
  #call: PartialCall | null = null;
  #logprobs: TokenLogprob[] = [];
  /** Citations that are told already. */
  readonly #cited = new Set<string>();

  constructor(index: number) {
    this.#index = index;
    this.#parts = new JoinedParts(index, (all, began, last) => this.#citations(all, began, last));
  }

  get finished(): boolean {
    return this.#finishReason !== undefined;
  }

  take(candidate: JsonObject, events: StreamEvent[]): void {
    if (candidate.logprobsResult !== undefined)
      this.#logprobs.push(...readLogprobs(candidate.logprobsResult));
    const rest = restOf(candidate, KNOWN);
    if (rest !== undefined) this.#rest = { ...this.#rest, ...rest };
    const content = candidate.content;
    if (isRecord(content)) for (const part of arrayOf(content.parts)) this.#part(part, events);
    this.#finishReason = stringOf(candidate.finishReason) ?? this.#finishReason;
  }

  /** Ends the open part and tells how the candidate ended. Some chunks say STOP long before the last: so only here. */
  end(events: StreamEvent[]): void {
    this.#endCall(events);
    this.#parts.close(events, true);
    const reason = readFinish(this.#finishReason, this.#parts.hasCalls);
    // STOP and MAX_TOKENS are written from the neutral reason again; the others say more than it.
    const said = reason === "stop" || reason === "tool-calls" || reason === "length" ? {} : this.#said();
    const rest =
      this.#rest === undefined && Object.keys(said).length === 0 ? undefined : { ...this.#rest, ...said };
    events.push({ type: "finish", choice: this.#index, reason, ...extended(rest) });
  }

  #said(): { finishReason?: string } {
    return this.#finishReason === undefined ? {} : { finishReason: this.#finishReason };
  }

  #part(value: unknown, events: StreamEvent[]): void {
    if (isRecord(value) && this.#continuesCall(value, events)) return;
    const part = readPart(value, newCallId);
    if (part === EMPTY_PART) return;
    // What the client is to give, and what cannot be read, is shown to clients of this format alone.
    const known =
      typeof part === "string" || part.kind === "tool-result" ? nativePart(typeOf(value), value) : part;
    const logprobs = known.kind === "text" && known.text !== "" ? this.#takeLogprobs() : undefined;
    this.#parts.take(known, events, logprobs);
  }

  #takeLogprobs(): readonly TokenLogprob[] | undefined {
    const logprobs = this.#logprobs;
    this.#logprobs = [];
    return logprobs.length === 0 ? undefined : logprobs;
  }

  /** Whether the part begins a call that comes in pieces, or is a piece of one. */
  #continuesCall(part: JsonObject, events: StreamEvent[]): boolean {
    const call = camelCasedOf(part.functionCall);
    const named = call?.name !== undefined && call.name !== "";
    if (call === undefined || named) this.#endCall(events);
    if (call === undefined) return false;
    if (named && call.willContinue !== true && call.partialArgs === undefined) return false;
    if (named) this.#call = { part, args: new PartialArguments() };
    if (this.#call === null) return false;
    this.#call.args.take(call);
    if (call.willContinue !== true) this.#endCall(events);
    return true;
  }

  #endCall(events: StreamEvent[]): void {
    if (this.#call === null) return;
    const { part, args } = this.#call;
    this.#call = null;
    const call = { ...camelCasedOf(part.functionCall), args: {} };
    const read = readPart({ ...part, functionCall: call }, newCallId);
    if (typeof read === "string" || read.kind !== "tool-call") return;
    this.#parts.take({ ...read, arguments: args.text() }, events);
  }

  /** Citations come with the text or after it; those of an earlier part, which has ended, name their source alone. */
  #citations(all: string, began: number, last: boolean): Citation[] {
    if (this.#rest?.groundingMetadata === undefined && this.#rest?.citationMetadata === undefined) return [];
    const citations = readCitations(this.#rest.groundingMetadata, this.#rest.citationMetadata, all);
    return citations.flatMap((citation) => {
      const { start = -1, end = -1, ...source } = citation;
      const here = start >= began && end <= all.length;
      const key = JSON.stringify(citation);
      if ((!here && !last) || this.#cited.has(key)) return [];
      this.#cited.add(key);
      return [here ? { ...source, start: start - began, end: end - began } : source];
    });
  }
}

function typeOf(value: unknown): string {
  return (isRecord(value) && Object.keys(value)[0]) || "part";
}

/** Gemini often gives calls no ids; those that clients answer must be unique in the whole conversation. */
function newCallId(): string {
  return `call_${crypto.randomUUID().replaceAll("-", "").slice(0, 24)}`;
}
