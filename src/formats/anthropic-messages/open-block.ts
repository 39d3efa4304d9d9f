import type { NativePart } from "../../exchange/parts.ts";
import { arrayOf, isRecord, type JsonObject, stringOf } from "../../exchange/read.ts";
import type { StreamEvent } from "../../exchange/stream.ts";
import { readCitation } from "./citations.ts";
import { argumentsOf, blockExtensions, madeId } from "./read-response.ts";
import { sealOf } from "./reasoning-blocks.ts";
import { FORMAT } from "./wire.ts";

/** A content block of a stream, told in neutral events as its pieces come. */
export class OpenBlock {
  readonly #type: string;
  #block: JsonObject;
  /** The input's JSON so far, of a block that is told whole. */
  #json = "";
  #signature: string;
  #hasArguments = false;

  constructor(block: JsonObject) {
    this.#block = block;
    this.#type = stringOf(block.type) ?? "unknown";
    this.#signature = stringOf(block.signature) ?? stringOf(block.data) ?? "";
  }

  begin(): StreamEvent[] {
    const block = this.#block;
    const extensions = blockExtensions(block);
    switch (this.#type) {
      case "text":
        return [
          { type: "part-start", choice: 0, part: { kind: "text", ...extensions } },
          ...deltaOf(block.text),
          ...arrayOf(block.citations).filter(isRecord).map(citationOf),
        ];
      case "thinking":
        return [
          { type: "part-start", choice: 0, part: { kind: "reasoning", ...extensions } },
          ...deltaOf(block.thinking),
        ];
      case "redacted_thinking":
        return [
          { type: "part-start", choice: 0, part: { kind: "reasoning", redacted: true, ...extensions } },
        ];
      case "tool_use":
        return [
          {
            type: "part-start",
            choice: 0,
            part: {
              kind: "tool-call",
              id: stringOf(block.id) ?? madeId(),
              name: stringOf(block.name) ?? "",
              ...extensions,
            },
          },
        ];
      default:
        return [];
    }
  }

  /** A delta of another kind than the block's is passed over. */
  delta(delta: JsonObject): StreamEvent[] {
    switch (this.#type) {
      case "text":
        if (delta.type === "citations_delta")
          return isRecord(delta.citation) ? [citationOf(delta.citation)] : [];
        return deltaOf(delta.type === "text_delta" ? delta.text : undefined);
      case "thinking":
        if (delta.type === "signature_delta") this.#signature = stringOf(delta.signature) ?? this.#signature;
        return deltaOf(delta.type === "thinking_delta" ? delta.thinking : undefined);
      case "tool_use": {
        const events = deltaOf(delta.type === "input_json_delta" ? delta.partial_json : undefined);
        this.#hasArguments ||= events.length > 0;
        return events;
      }
      default:
        this.#merge(delta);
        return [];
    }
  }

  end(): StreamEvent[] {
    switch (this.#type) {
      case "text":
        return [PART_END];
      case "thinking":
      case "redacted_thinking": {
        const seal = sealOf(this.#signature);
        return seal === undefined ? [PART_END] : [{ type: "seal", choice: 0, seal }, PART_END];
      }
      case "tool_use": {
        // Some servers give the input whole with the block's start.
        const whole = this.#hasArguments ? "{}" : argumentsOf(this.#block.input);
        return whole === "{}" ? [PART_END] : [...deltaOf(whole), PART_END];
      }
      default:
        return [{ type: "part", choice: 0, part: this.#native() }];
    }
  }

  /** Puts a delta into a block that only this API has: input piece by piece, other members longer or in place. */
  #merge(delta: JsonObject): void {
    if (typeof delta.partial_json === "string") {
      this.#json += delta.partial_json;
      return;
    }
    const merged = Object.entries(delta).flatMap(([key, value]) => {
      if (key === "type") return [];
      const before = this.#block[key];
      return [
        [key, typeof before === "string" && typeof value === "string" ? before + value : value] as const,
      ];
    });
    this.#block = { ...this.#block, ...Object.fromEntries(merged) };
  }

  #native(): NativePart {
    const input = this.#json === "" ? undefined : parsed(this.#json);
    const value = input === undefined ? this.#block : { ...this.#block, input };
    return { kind: "native", format: FORMAT, type: this.#type, value };
  }
}

const PART_END: StreamEvent = { type: "part-end", choice: 0 };

function deltaOf(text: unknown): StreamEvent[] {
  return typeof text === "string" && text !== "" ? [{ type: "delta", choice: 0, text }] : [];
}

function citationOf(citation: JsonObject): StreamEvent {
  return { type: "citation", choice: 0, citation: readCitation(citation) };
}

/** The value, or the text itself where the model broke off in it. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
