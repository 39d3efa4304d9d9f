import type { StreamEvent } from "../exchange/stream.ts";
import { answerable, inputOf, type ToolAdapter } from "./tools.ts";

/** Renames the tool calls of a stream to what the client knows, and unwraps those of free-form tools. One a stream. */
export class ToolEvents {
  readonly #tools: ToolAdapter;
  /** Arguments of the open call of a free-form tool, by choice: they can be unwrapped only when they are whole. */
  readonly #held = new Map<number, string>();

  constructor(tools: ToolAdapter) {
    this.#tools = tools;
  }

  /** What the event becomes, in order; nothing while arguments are held. */
  take(event: StreamEvent): readonly StreamEvent[] {
    if (event.type === "part-start") return [this.#begin(event)];
    if (this.#held.size === 0 || (event.type !== "delta" && event.type !== "part-end")) return [event];
    const held = this.#held.get(event.choice);
    if (held === undefined) return [event];
    if (event.type === "delta") {
      this.#held.set(event.choice, held + event.text);
      return [];
    }
    this.#held.delete(event.choice);
    const text = inputOf(held);
    return text === "" ? [event] : [{ type: "delta", choice: event.choice, text }, event];
  }

  #begin(event: StreamEvent & { type: "part-start" }): StreamEvent {
    if (event.part.kind !== "tool-call") return event;
    const { choice } = event;
    const part = answerable(event.part);
    const tool = this.#tools.clientTool(part.name);
    if (tool === undefined) return { ...event, part };
    const { name, namespace, custom } = tool;
    const unwraps = custom && part.custom !== true;
    if (unwraps) this.#held.set(choice, "");
    return {
      ...event,
      part: {
        ...part,
        name,
        ...(namespace === undefined ? {} : { namespace }),
        ...(unwraps ? { custom } : {}),
      },
    };
  }
}
