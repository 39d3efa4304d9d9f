import type { Citation, Extensions, Seal } from "../../exchange/parts.ts";
import type { TokenLogprob } from "../../exchange/response.ts";
import type { PartStart, StreamEvent } from "../../exchange/stream.ts";
import { mergeUsage, type Usage } from "../../exchange/usage.ts";
import type { AnswerContext, StreamWriter } from "../codec.ts";
import { toldStatus } from "./errors.ts";
import { restored } from "./extensions.ts";
import { writeLogprobs } from "./logprobs.ts";
import { writeSignature } from "./signature.ts";
import type { Candidate, WirePart } from "./wire.ts";
import { parseArguments, writePart, writeToldCall } from "./write-part.ts";
import { finishMembers, malformedCall, movedBy, writeUsageMetadata } from "./write-response.ts";

/** How chunks are put into the body: as SSE events, or, where SSE was not asked for (`alt=sse`), in one JSON array. */
interface Framing {
  readonly first: string;
  readonly next: string;
  readonly after: string;
  /** Ends the body. */
  readonly end: string;
}

const SSE: Framing = { first: "data: ", next: "data: ", after: "\n\n", end: "" };
const ARRAY: Framing = { first: "[", next: ",\r\n", after: "", end: "\n]\n" };

export function createStreamWriter(context: AnswerContext): StreamWriter {
  return new ChunkWriter(context, SSE);
}

/**
 * Writes the same chunks as the elements of a JSON array, as streamGenerateContent answers without `alt=sse`. What it
 * returns is put into the body one after the other; `end` and `error` close the array.
 */
export function createArrayStreamWriter(context: AnswerContext): StreamWriter {
  return new ChunkWriter(context, ARRAY);
}

interface OpenChoice {
  /** The open part; null where none is. */
  open: PartStart | null;
  /** Members of the open part that go with the next piece of it that is written. */
  rest: Readonly<Record<string, unknown>> | undefined;
  /** Arguments of the open call, and its seal. */
  args: string;
  seal: Seal | null;
  /** All visible text, and where in it the open part began: citations need both. */
  text: string;
  began: number;
  readonly citations: Citation[];
  /** Whether a call was written. */
  called: boolean;
  refused: boolean;
  malformed: string | null;
  finish: Extract<StreamEvent, { type: "finish" }> | null;
}

class ChunkWriter implements StreamWriter {
  readonly #context: AnswerContext;
  readonly #framing: Framing;
  readonly #choices = new Map<number, OpenChoice>();
  #usage: Usage | undefined;
  #serviceTier: string | undefined;
  #extensions: Extensions | undefined;
  #responseId = "";
  /** What every chunk ends with. */
  #tail = "";
  #begun = false;
  #anyPart = false;

  constructor(context: AnswerContext, framing: Framing) {
    this.#context = context;
    this.#framing = framing;
  }

  write(event: StreamEvent): string {
    switch (event.type) {
      case "start":
        this.#responseId = event.id || this.#context.newId();
        this.#serviceTier = event.serviceTier;
        this.#extensions = event.extensions;
        this.#tail = `,"modelVersion":${JSON.stringify(this.#context.model)},"responseId":${JSON.stringify(this.#responseId)}}`;
        return "";
      case "usage":
        this.#usage = mergeUsage(this.#usage, event.usage);
        return "";
      case "end":
        return this.#end(event);
      case "error":
        return this.#framed(JSON.stringify({ error: toldStatus(event.error) })) + this.#framing.end;
      default:
        return this.#writeOf(this.#choice(event.choice), event);
    }
  }

  #choice(index: number): OpenChoice {
    let choice = this.#choices.get(index);
    if (choice === undefined) {
      choice = {
        open: null,
        rest: undefined,
        args: "",
        seal: null,
        text: "",
        began: 0,
        citations: [],
        called: false,
        refused: false,
        malformed: null,
        finish: null,
      };
      this.#choices.set(index, choice);
    }
    return choice;
  }

  #writeOf(choice: OpenChoice, event: Extract<StreamEvent, { choice: number }>): string {
    switch (event.type) {
      case "part-start":
        if (event.part.kind === "refusal") this.#refusal(choice, event.choice);
        choice.open = event.part;
        choice.rest = restored(event.part.extensions);
        choice.began = choice.text.length;
        choice.args = "";
        choice.seal = null;
        return "";
      case "delta":
        return this.#delta(choice, event.choice, event.text, event.logprobs);
      case "citation":
        choice.citations.push(movedBy(choice.began, event.citation));
        return "";
      case "seal":
        return this.#seal(choice, event.choice, event.seal);
      case "part-end":
        return this.#partEnd(choice, event.choice);
      case "part":
        return writePart(event.part, `choices[${event.choice}].parts`, this.#context.losses)
          .map((part) => this.#part(event.choice, part))
          .join("");
      case "finish":
        choice.finish = event;
        return "";
    }
  }

  #refusal(choice: OpenChoice, index: number): void {
    choice.refused = true;
    this.#context.losses.add(`choices[${index}].parts: refusal, sent as text`);
  }

  #delta(choice: OpenChoice, index: number, text: string, logprobs?: readonly TokenLogprob[]): string {
    if (choice.open?.kind === "tool-call") {
      choice.args += text;
      return "";
    }
    const thought = choice.open?.kind === "reasoning";
    if (!thought) choice.text += text;
    const part = thought ? { text, thought, ...choice.rest } : { text, ...choice.rest };
    choice.rest = undefined;
    return this.#part(index, part, logprobs);
  }

  #seal(choice: OpenChoice, index: number, seal: Seal): string {
    if (choice.open?.kind === "tool-call") {
      choice.seal = seal;
      return "";
    }
    const reasoning = choice.open?.kind === "reasoning" ? choice.open : null;
    const thoughtSignature = writeSignature(seal, reasoning?.redacted);
    const part = reasoning === null ? { text: "" } : { text: "", thought: true };
    return this.#part(index, { ...part, thoughtSignature });
  }

  #partEnd(choice: OpenChoice, index: number): string {
    const { open, args, seal } = choice;
    choice.open = null;
    if (open?.kind !== "tool-call") return "";
    const parsed = parseArguments(args);
    if (parsed === null) {
      choice.malformed = malformedCall({ name: open.name, arguments: args });
      return "";
    }
    const first = !choice.called;
    choice.called = true;
    const call = { ...open, arguments: args, ...(seal === null ? {} : { seal }) };
    return this.#part(index, writeToldCall(call, parsed, first));
  }

  #part(index: number, part: WirePart, logprobs?: readonly TokenLogprob[]): string {
    this.#anyPart = true;
    const told = logprobs === undefined ? "" : `,"logprobsResult":${JSON.stringify(writeLogprobs(logprobs))}`;
    const parts = `[${JSON.stringify(part)}]`;
    return this.#framed(
      `{"candidates":[{"content":{"parts":${parts},"role":"model"},"index":${index}${told}}]${this.#tail}`,
    );
  }

  /** The last chunk: how every candidate ended, and the usage. */
  #end(event: Extract<StreamEvent, { type: "end" }>): string {
    const rest = { ...restored(this.#extensions), ...restored(event.extensions) };
    const refused = rest.promptFeedback !== undefined && !this.#anyPart;
    const tier = event.serviceTier ?? this.#serviceTier;
    const usageMetadata = writeUsageMetadata(this.#usage, tier, this.#context);
    const chunk = {
      ...(refused ? {} : { candidates: this.#lastCandidates() }),
      ...(usageMetadata === undefined ? {} : { usageMetadata }),
      modelVersion: this.#context.model,
      responseId: this.#responseId,
      ...rest,
    };
    return this.#framed(JSON.stringify(chunk)) + this.#framing.end;
  }

  #lastCandidates(): Candidate[] {
    if (this.#choices.size === 0) this.#choice(0);
    return [...this.#choices]
      .sort(([one], [other]) => one - other)
      .map(([index, { finish, ...ended }]) => ({
        // Google's last chunk has an empty text where there is nothing more to say, and SDKs expect a content.
        content: { parts: [{ text: "" }], role: "model" },
        index,
        ...finishMembers(
          { ...ended, reason: finish?.reason ?? "other", extensions: finish?.extensions },
          this.#context.losses,
        ),
      }));
  }

  #framed(chunk: string): string {
    const { first, next, after } = this.#framing;
    const before = this.#begun ? next : first;
    this.#begun = true;
    return before + chunk + after;
  }
}
