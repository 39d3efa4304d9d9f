type Body = Readonly<Record<string, unknown>>;

interface OpenContent {
  /** `response.output_text`, `response.refusal`, …: what its deltas' types begin with. */
  readonly prefix: string;
  readonly index: number;
  text: string;
  /** Whether the text's own done event came. */
  done: boolean;
  readonly annotations: unknown[];
}

interface OpenItem {
  readonly id: unknown;
  readonly type: unknown;
  readonly outputIndex: number;
  /** Parts that are done, of `content` and of `summary`. */
  readonly content: unknown[];
  readonly summary: unknown[];
  open: OpenContent | null;
  /** Arguments or input of a call, and whether their done event came. */
  text: string;
  textDone: boolean;
}

/** What a part's text events are called, by the part's type. */
const PREFIXES: Readonly<Record<string, readonly string[]>> = {
  output_text: ["response.output_text"],
  refusal: ["response.refusal"],
  summary_text: ["response.reasoning_summary_text"],
  // OpenAI's name, and the published description's.
  reasoning_text: ["response.reasoning_text", "response.reasoning"],
};

const ENDS = new Set(["response.completed", "response.incomplete", "response.failed"]);
const CALLS: Readonly<Record<string, { readonly member: string; readonly prefix: string }>> = {
  function_call: { member: "arguments", prefix: "response.function_call_arguments" },
  custom_tool_call: { member: "input", prefix: "response.custom_tool_call_input" },
};

/** Follows a stream's events and tells where their order or their contents contradict. Schemas are not its business. */
export class StreamOrder {
  #count = 0;
  #responseId: unknown;
  #phase: "new" | "created" | "running" | "error" | "ended" = "new";
  #item: OpenItem | null = null;
  readonly #done: Body[] = [];
  #final: Body | null = null;
  #found: string[] = [];

  /** The response that the last event told; null before it came. */
  get finalResponse(): Body | null {
    return this.#final;
  }

  take(event: Body): string[] {
    this.#found = [];
    const type = String(event.type);
    this.#expect(event.sequence_number === this.#count, `sequence_number is not ${this.#count}`);
    this.#count++;
    this.#expect(this.#phase !== "ended", "comes after the end");
    if (typeof event.response === "object" && event.response !== null)
      this.#takeLifecycle(type, event.response as Body);
    else if (type === "error") this.#phase = "error";
    else if (type === "response.output_item.added") this.#addItem(event, record(event.item));
    else if (this.#item === null) this.#expect(false, "no item is open");
    else this.#takeOfItem(type, event, this.#item);
    return this.#found;
  }

  /** What is missing when nothing more comes. */
  end(): string[] {
    if (this.#phase === "error") return ["an error is not followed by response.failed"];
    return this.#phase === "ended" ? [] : ["the response is neither completed, incomplete nor failed"];
  }

  #takeLifecycle(type: string, response: Body): void {
    this.#responseId ??= response.id;
    this.#expect(response.id === this.#responseId, "the response's id has changed");
    if (ENDS.has(type)) {
      this.#end(type, response);
      return;
    }
    const wanted = { new: ["response.created"], created: ["response.queued", "response.in_progress"] };
    this.#expect(
      (this.#phase === "new" || this.#phase === "created") && wanted[this.#phase].includes(type),
      "does not come here",
    );
    this.#expect(empty(response.output), "has output already");
    this.#phase = type === "response.in_progress" ? "running" : "created";
  }

  #end(type: string, response: Body): void {
    const status = type.slice("response.".length);
    this.#expect(response.status === status, `the response's status is ${response.status}`);
    this.#expect(this.#item === null || status === "failed", "an item is still open");
    this.#expect(
      this.#phase === "running" || status === "failed",
      "comes before response.in_progress or after an error",
    );
    this.#expect(
      Bun.deepEquals(response.output, this.#done) || status === "failed",
      "the response's output is not what the items' done events told",
    );
    this.#expect((response.error !== null) === (status === "failed"), "error does not go with the status");
    this.#expect(
      (response.incomplete_details !== null) === (status === "incomplete"),
      "incomplete_details does not go with the status",
    );
    this.#phase = "ended";
    this.#final = response;
  }

  #addItem(event: Body, item: Body): void {
    this.#expect(this.#phase === "running", "comes before response.in_progress or after the end");
    this.#expect(this.#item === null, "another item is still open");
    this.#expect(event.output_index === this.#done.length, `output_index is not ${this.#done.length}`);
    if (item.status !== undefined && item.type !== "reasoning")
      this.#expect(item.status === "in_progress", `an item begins with status ${item.status}`);
    for (const member of ["content", "summary"])
      this.#expect(empty(item[member]), `an item begins with ${member}`);
    const call = CALLS[String(item.type)];
    if (call !== undefined) this.#expect(item[call.member] === "", `a call begins with ${call.member}`);
    this.#item = {
      id: item.id,
      type: item.type,
      outputIndex: this.#done.length,
      content: [],
      summary: [],
      open: null,
      text: "",
      textDone: false,
    };
  }

  #takeOfItem(type: string, event: Body, item: OpenItem): void {
    this.#expect(event.output_index === item.outputIndex, `output_index is not ${item.outputIndex}`);
    if (type === "response.output_item.done") {
      this.#finishItem(record(event.item), item);
      return;
    }
    this.#expect(event.item_id === item.id, "item_id is not the open item's");
    const call = CALLS[String(item.type)];
    if (call !== undefined && type.startsWith(call.prefix)) this.#takeOfCall(type, event, item, call.member);
    else if (type === "response.content_part.added") this.#addPart(event, item, item.content);
    else if (type === "response.reasoning_summary_part.added") this.#addPart(event, item, item.summary);
    else if (type === "response.content_part.done") this.#finishPart(event, item, item.content);
    else if (type === "response.reasoning_summary_part.done") this.#finishPart(event, item, item.summary);
    else if (item.open !== null) this.#takeOfPart(type, event, item.open);
    else this.#expect(!type.endsWith(".delta") || call === undefined, "is not of the open item");
  }

  #takeOfCall(type: string, event: Body, item: OpenItem, member: string): void {
    this.#expect(!item.textDone, `comes after the ${member} are done`);
    if (type.endsWith(".delta")) item.text += event.delta;
    else {
      item.textDone = true;
      this.#expect(event[member] === item.text, `${member} are not what the deltas told`);
    }
  }

  #addPart(event: Body, item: OpenItem, parts: readonly unknown[]): void {
    this.#expect(item.open === null, "another part is still open");
    const index = event.content_index ?? event.summary_index;
    this.#expect(index === parts.length, `its index is not ${parts.length}`);
    const part = record(event.part);
    this.#expect((part.text ?? part.refusal) === "", "a part begins with text");
    const prefixes = PREFIXES[String(part.type)];
    this.#expect(prefixes !== undefined, `a part of type ${part.type} in an answer`);
    item.open = { prefix: prefixes?.[0] ?? "", index: parts.length, text: "", done: false, annotations: [] };
  }

  #takeOfPart(type: string, event: Body, open: OpenContent): void {
    this.#expect(
      (event.content_index ?? event.summary_index) === open.index,
      `its index is not ${open.index}`,
    );
    if (type === "response.output_text.annotation.added") {
      this.#expect(
        event.annotation_index === open.annotations.length,
        `annotation_index is not ${open.annotations.length}`,
      );
      open.annotations.push(event.annotation);
      return;
    }
    const known = Object.values(PREFIXES).find(([first]) => first === open.prefix) ?? [];
    this.#expect(known.includes(type.slice(0, type.lastIndexOf("."))), `a ${open.prefix} part is open`);
    this.#expect(!open.done, "comes after the text is done");
    if (type.endsWith(".delta")) open.text += event.delta;
    else {
      open.done = true;
      this.#expect((event.text ?? event.refusal) === open.text, "the text is not what the deltas told");
    }
  }

  #finishPart(event: Body, item: OpenItem, parts: unknown[]): void {
    const { open } = item;
    item.open = null;
    if (open === null) {
      this.#expect(false, "no part is open");
      return;
    }
    const part = record(event.part);
    this.#expect(
      (event.content_index ?? event.summary_index) === open.index,
      `its index is not ${open.index}`,
    );
    this.#expect(open.done, "the text's own done event is missing");
    this.#expect((part.text ?? part.refusal) === open.text, "the text is not what the deltas told");
    if (part.annotations !== undefined)
      this.#expect(
        Bun.deepEquals(part.annotations, open.annotations),
        "the annotations are not what their events told",
      );
    parts.push(part);
  }

  #finishItem(item: Body, open: OpenItem): void {
    this.#expect(item.id === open.id && item.type === open.type, "another item than the open one");
    this.#expect(open.open === null, "a part is still open");
    this.#expect(item.status !== "in_progress", "an item ends in progress");
    for (const member of ["content", "summary"] as const)
      if (Array.isArray(item[member]))
        this.#expect(
          Bun.deepEquals(item[member], open[member]),
          `${member} is not what the parts' done events told`,
        );
    const call = CALLS[String(item.type)];
    if (call !== undefined) {
      this.#expect(open.textDone, `the done event of ${call.member} is missing`);
      this.#expect(item[call.member] === open.text, `${call.member} are not what the deltas told`);
    }
    this.#done.push(item);
    this.#item = null;
  }

  #expect(holds: boolean, breach: string): void {
    if (!holds) this.#found.push(breach);
  }
}

function empty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

function record(value: unknown): Body {
  return typeof value === "object" && value !== null ? (value as Body) : {};
}
