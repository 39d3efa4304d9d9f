import type { ToolCallPart, ToolResultPart } from "../../exchange/parts.ts";
import type { ToolResultBlock } from "./wire.ts";

interface OpenCall {
  /** The id that the client knows. */
  readonly id: string;
  readonly wireId: string;
  answered: boolean;
}

/**
 * Pairs tool calls with their results as the API demands it: ids of letters, digits, `_` and `-`, each used once in a
 * conversation, and a result for every call right after the turn that made it. The same conversation always gets the
 * same ids, also when it has grown, so that the provider's cache knows it again.
 */
export class Calls {
  readonly #used = new Set<string>();
  /** Of the assistant's turn before. */
  #open: OpenCall[] = [];

  /** A new turn of the assistant: what is still open stays without a result. */
  begin(): void {
    this.#open = [];
  }

  /** The id of a call on the wire. */
  idOf(call: ToolCallPart): string {
    const plain = plainId(call.id);
    let wireId = plain;
    for (let count = 2; this.#used.has(wireId); count++) wireId = `${plain}_${count}`;
    this.#used.add(wireId);
    this.#open.push({ id: call.id, wireId, answered: false });
    return wireId;
  }

  /** The call's id on the wire for a result; null where no call before waits for it. */
  answer(result: ToolResultPart): string | null {
    const call = this.#open.find(({ id, answered }) => id === result.callId && !answered);
    if (call === undefined) return null;
    call.answered = true;
    return call.wireId;
  }

  /** Results that stand in for those that the client did not give, and the ids of the calls as it knows them. */
  missing(): { readonly results: ToolResultBlock[]; readonly ids: string[] } {
    const open = this.#open.filter(({ answered }) => !answered);
    this.#open = [];
    return {
      results: open.map(({ wireId }) => ({
        type: "tool_result",
        tool_use_id: wireId,
        content: "There is no result of this call.",
        is_error: true,
      })),
      ids: open.map(({ id }) => id),
    };
  }
}

/** The id with `_` for every character that the API does not take (`^[a-zA-Z0-9_-]+$`). */
function plainId(id: string): string {
  return id === "" ? "call" : id.replaceAll(/[^a-zA-Z0-9_-]/g, "_");
}
