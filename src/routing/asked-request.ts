import type { Requirements } from "../strategies/abilities.ts";
import { conversationKey, usesTools } from "../strategies/conversation.ts";
import { requirementsOf } from "../strategies/requirements.ts";
import type { Asked } from "../strategies/strategy.ts";
import type { FormatCall } from "./converted.ts";
import type { RequestFacts } from "./request-facts.ts";

const ANY_BODY = Buffer.alloc(0);

/** How a request for a route is judged beside what stands in it. */
export interface Judging {
  /** Of `name:0.3`; null where the name says nothing of it. */
  readonly strongShare: number | null;
  /** How likely a strong model's answer is better by a margin that is worth its price. */
  score(body: Buffer, format: FormatCall["format"]): number;
}

/** A request as strategies ask of it. What they do not ask for is not looked for in its body. */
export class AskedRequest implements Asked {
  readonly now = performance.now();
  readonly strongShare: number | null;
  readonly kind: string;
  readonly score: () => number;
  readonly #call: FormatCall;
  readonly #facts: RequestFacts;
  readonly #body: Buffer;
  #needs: Requirements | undefined;
  #conversation: string | null | undefined;

  constructor(call: FormatCall, facts: RequestFacts, { strongShare, score }: Judging) {
    // What a request refers to belongs to its prompt and to its conversation.
    const { body } = facts.whole ?? facts;
    this.#call = call;
    this.#facts = facts;
    this.#body = Buffer.isBuffer(body) ? body : ANY_BODY;
    this.strongShare = strongShare;
    this.kind = facts.kind;
    this.score = () => score(this.#body, call.format);
  }

  get needs(): Requirements {
    this.#needs ??= this.#readNeeds();
    return this.#needs;
  }

  get conversation(): string | null {
    if (this.#conversation === undefined) this.#conversation = this.#readConversation();
    return this.#conversation;
  }

  /** Whether its conversation has used tools. */
  get usesTools(): boolean {
    return usesTools(this.#body, this.#call.format);
  }

  #readNeeds(): Requirements {
    const needs = requirementsOf(this.#body, this.#call.format);
    // Of many texts each is a prompt of its own.
    return this.#call.operation === "embeddings" ? { ...needs, leastInputTokens: 0 } : needs;
  }

  #readConversation(): string | null {
    if (this.#call.operation !== "generate") return null;
    const { tracking, isMirrored } = this.#facts;
    const key = conversationKey(this.#body, this.#call.format, {
      threadId: tracking?.thread_id ?? null,
      runId: tracking?.run_id ?? null,
    });
    // Who serves the copies of a conversation is nothing to the conversation itself.
    return key !== null && isMirrored === true ? `mirrored ${key}` : key;
  }
}
