import type { Format } from "../exchange/formats.ts";
import type { Part, ReasoningPart, Seal, ToolCallPart } from "../exchange/parts.ts";
import type { GenerateRequest, Message } from "../exchange/request.ts";

/**
 * The request without seals that another API made: the target would refuse them. Thoughts that have nothing but such a
 * seal go with it.
 */
export function withoutForeignSeals(request: GenerateRequest, target: Format): GenerateRequest {
  const messages = request.messages.map((message) => {
    const parts = message.parts.map((part) => ownPart(part, target)).filter((part) => part !== null);
    return { ...message, parts };
  });
  return { ...request, messages };
}

/** The request without any seals: another provider made them, whatever its API. */
export function withoutSeals(request: GenerateRequest): GenerateRequest {
  const messages = request.messages.map((message) => {
    const parts = message.parts.map((part) => ownPart(part, null)).filter((part) => part !== null);
    return { ...message, parts };
  });
  return { ...request, messages };
}

/** `target` is null where no seal is its own. */
function ownPart(part: Part, target: Format | null): Part | null {
  if (!("seal" in part) || part.seal === undefined || part.seal.origin === target) return part;
  const { seal: _seal, ...rest } = part;
  return rest.kind === "reasoning" && (rest.redacted === true || rest.text === "") ? null : (rest as Part);
}

/** What is kept of one tool call. */
interface Kept {
  readonly origin: Format;
  /** The call's own seal. */
  readonly seal: Seal | undefined;
  /** The thoughts that led to it, kept with the first call after them. */
  readonly thoughts: readonly ReasoningPart[];
  readonly size: number;
}

/**
 * Remembers the seals of answers by their tool calls, for clients whose format has no place to send them back in. The
 * oldest are forgotten first. In memory only: after a restart a conversation goes on without the seals of its earlier turns.
 */
export class SealStash {
  readonly #kept = new Map<string, Kept>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes = 64 * 1024 * 1024) {
    this.#maxBytes = maxBytes;
  }

  /** Keeps what an answer's parts have of seals. `owner` is the gateway key: calls' ids are not unique across clients. */
  keep(owner: string, parts: readonly Part[]): void {
    let thoughts: ReasoningPart[] = [];
    for (const part of parts) {
      if (part.kind === "reasoning") thoughts.push(part);
      else if (part.kind === "tool-call") {
        const sealed = thoughts.filter((thought) => thought.seal !== undefined);
        this.#keep(owner, part, sealed.length === 0 ? [] : thoughts);
        thoughts = [];
      }
    }
  }

  /** The request with the seals of `target` back in their places, where they are known and the client did not send them. */
  restore(owner: string, request: GenerateRequest, target: Format): GenerateRequest {
    if (this.#kept.size === 0) return request;
    return {
      ...request,
      messages: request.messages.map((message) => this.#restored(owner, message, target)),
    };
  }

  #keep(owner: string, call: ToolCallPart, thoughts: readonly ReasoningPart[]): void {
    const origin = call.seal?.origin ?? thoughts.find((thought) => thought.seal !== undefined)?.seal?.origin;
    if (origin === undefined) return;
    let size = call.seal?.value.length ?? 0;
    for (const { text, seal } of thoughts) size += text.length + (seal?.value.length ?? 0);
    const key = keyOf(owner, call);
    this.#forget(key);
    this.#kept.set(key, { origin, seal: call.seal, thoughts, size });
    this.#bytes += size;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#bytes -= this.#kept.get(key)?.size ?? 0;
    this.#kept.delete(key);
  }

  #restored(owner: string, message: Message, target: Format): Message {
    if (message.role !== "assistant") return message;
    const hasThoughts = message.parts.some(
      (part) => part.kind === "reasoning" && part.seal?.origin === target,
    );
    const parts = message.parts.flatMap((part): Part[] => {
      if (part.kind !== "tool-call") return [part];
      const kept = this.#kept.get(keyOf(owner, part));
      if (kept === undefined || kept.origin !== target) return [part];
      const call =
        part.seal?.origin === target || kept.seal === undefined ? part : { ...part, seal: kept.seal };
      return hasThoughts ? [call] : [...kept.thoughts, call];
    });
    // Thoughts that the client sent back without their seals are the same ones: they would stand there twice.
    const isOurs = (part: Part) => part.kind !== "reasoning" || part.seal?.origin === target;
    const restored = !hasThoughts && parts.some((part) => part.kind === "reasoning" && isOurs(part));
    return { ...message, parts: restored ? parts.filter(isOurs) : parts };
  }
}

const keyOf = (owner: string, call: ToolCallPart) => `${owner}\0${call.id}\0${call.name}`;
