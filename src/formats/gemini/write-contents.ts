import { GatewayError } from "../../exchange/errors.ts";
import type { Losses } from "../../exchange/losses.ts";
import type { Part, ToolCallPart, ToolResultPart } from "../../exchange/parts.ts";
import type { Message } from "../../exchange/request.ts";
import type { RequestContext } from "../codec.ts";
import { restored, withoutId } from "./extensions.ts";
import type { Traits } from "./model.ts";
import { NO_SIGNATURE } from "./signature.ts";
import { writeResult } from "./tool-results.ts";
import type { Content, WirePart } from "./wire.ts";
import { parseArguments, writeCall, writePart } from "./write-part.ts";

interface Written {
  /** Null where there are no instructions, or the model takes none. */
  readonly system: { readonly parts: readonly WirePart[] } | null;
  readonly contents: readonly Content[];
}

/**
 * Writes a conversation: the instructions in front, and `instruction` after them, as the system instruction; the rest in
 * turns of `user` and `model`, all results of a turn's calls right after it.
 */
export function writeContents(
  messages: readonly Message[],
  instruction: string | null,
  traits: Traits,
  context: RequestContext,
): Written {
  const first = messages.findIndex(({ role }) => role !== "system" && role !== "developer");
  // Something has to be answered: where there are instructions only, the last of them.
  const front = first >= 0 ? first : messages.length - 1;
  const writer = new ConversationWriter(messages, traits, context);
  const system = messages
    .slice(0, Math.max(0, front))
    .flatMap((message, index) => writer.parts(message, index));
  if (instruction !== null) system.push({ text: instruction });
  if (!traits.systemInstruction) writer.say("user", system.splice(0));
  for (const [index, message] of messages.entries()) if (index >= front) writer.write(message, index);
  const rest = front > 0 ? restored(messages[0]?.extensions) : undefined;
  return { system: system.length === 0 ? null : { ...rest, parts: system }, contents: writer.end() };
}

interface PlacedResult {
  readonly result: ToolResultPart;
  readonly where: string;
}

interface ResultsOfCall {
  readonly placed: PlacedResult[];
  /** Those before it are written. */
  next: number;
}

class ConversationWriter {
  readonly #contents: { role: Content["role"]; parts: WirePart[] }[] = [];
  readonly #traits: Traits;
  readonly #losses: Losses;
  readonly #withIds: boolean;
  readonly #results: ReadonlyMap<string, ResultsOfCall>;
  readonly #answered = new Set<ToolResultPart>();

  constructor(messages: readonly Message[], traits: Traits, { losses, provider }: RequestContext) {
    this.#traits = traits;
    this.#losses = losses;
    // Vertex matches results by their functions' names and knows no ids.
    this.#withIds = !provider.startsWith("vertex");
    this.#results = resultsByCall(messages);
  }

  write(message: Message, index: number): void {
    if (message.role === "tool") this.#orphans(message, index);
    else if (message.role === "assistant") this.#assistant(message, index);
    else this.#user(message, index);
  }

  #user(message: Message, index: number): void {
    if (message.role !== "user") this.#losses.add(`messages[${index}].role: ${message.role}, sent as user`);
    const parts = this.parts(message, index);
    // A user's empty text is all there is to answer, and Google's API takes it.
    const empty = parts.length === 0 && message.parts[0]?.kind === "text";
    this.say("user", empty ? [{ text: "" }] : parts);
  }

  say(role: Content["role"], parts: readonly WirePart[]): void {
    if (parts.length === 0) return;
    const last = this.#contents.at(-1);
    if (last?.role !== role) this.#contents.push({ role, parts: [...parts] });
    // One by one, since there may be more than a function takes arguments.
    else for (const part of parts) last.parts.push(part);
  }

  /** The message's parts, without calls and results. */
  parts(message: Message, index: number): WirePart[] {
    this.#noteLosses(message, index);
    return message.parts.flatMap((part, number) => this.#part(part, `messages[${index}].parts[${number}]`));
  }

  end(): Content[] {
    if (this.#traits.checksSignatures) for (const content of this.#contents) signFirstCall(content);
    if (this.#contents.length === 0)
      this.#losses.refuse("a request without messages", "it needs at least one.");
    return this.#contents;
  }

  #part(part: Part, where: string): readonly WirePart[] {
    return part.kind === "tool-call" || part.kind === "tool-result"
      ? []
      : writePart(part, where, this.#losses);
  }

  #assistant(message: Message, index: number): void {
    this.#noteLosses(message, index);
    const answers: WirePart[] = [];
    const beside: WirePart[] = [];
    const parts = message.parts.flatMap((part, number): readonly WirePart[] => {
      const where = `messages[${index}].parts[${number}]`;
      if (part.kind !== "tool-call") return this.#part(part, where);
      const placed = this.#answer(part.id);
      if (placed !== undefined) {
        const written = this.#result(part.name, placed);
        answers.push(written.part);
        beside.push(...written.beside);
      }
      return [this.#call(part, where)];
    });
    this.say("model", parts);
    this.say("user", [...answers, ...beside]);
  }

  #call(part: ToolCallPart, where: string): WirePart {
    if (part.custom) this.#losses.refuse(`${where}: the call of ${part.name}`, "its argument is free text.");
    const args = parseArguments(part.arguments);
    if (args === null) {
      const message = `The arguments of the call ${part.id} of ${part.name} are no JSON object.`;
      throw new GatewayError("invalid_request", message, { param: where });
    }
    return writeCall(this.#withIds ? part : withoutId(part), args);
  }

  #result(name: string, { result, where }: PlacedResult) {
    return writeResult(this.#withIds ? result : withoutId(result), {
      name,
      where,
      mediaInside: this.#traits.mediaInResults,
      losses: this.#losses,
    });
  }

  /** The next result of a call of this id that is not written yet. */
  #answer(callId: string): PlacedResult | undefined {
    const results = this.#results.get(callId);
    while (results !== undefined && results.next < results.placed.length) {
      const placed = results.placed[results.next++]!;
      if (this.#answered.has(placed.result)) continue;
      this.#answered.add(placed.result);
      return placed;
    }
    return undefined;
  }

  /** Results of calls that are not in the conversation: Google's API counts them and refuses, so they are told. */
  #orphans(message: Message, index: number): void {
    for (const [number, part] of message.parts.entries()) {
      if (part.kind !== "tool-result" || this.#answered.has(part)) continue;
      this.#answered.add(part);
      this.#orphan({ result: part, where: `messages[${index}].parts[${number}]` }, index);
    }
  }

  #orphan(placed: PlacedResult, index: number): void {
    const { callId, name = callId } = placed.result;
    this.#losses.add(`messages[${index}]: the result of ${callId}, whose call is missing, sent as text`);
    const { part, beside } = this.#result(name, placed);
    const response = JSON.stringify(part.functionResponse?.response);
    this.say("user", [{ text: `Result of ${name}: ${response}` }, ...beside]);
  }

  #noteLosses(message: Message, index: number): void {
    if (message.name !== undefined) this.#losses.add(`messages[${index}].name`);
    if (message.phase !== undefined) this.#losses.add("messages.phase");
    for (const part of message.parts) {
      if (part.kind === "text" && part.citations !== undefined)
        this.#losses.add("citations of earlier answers");
    }
  }
}

function resultsByCall(messages: readonly Message[]): Map<string, ResultsOfCall> {
  const results = new Map<string, ResultsOfCall>();
  for (const [index, { parts }] of messages.entries()) {
    for (const [number, result] of parts.entries()) {
      if (result.kind !== "tool-result") continue;
      const placed = { result, where: `messages[${index}].parts[${number}]` };
      const others = results.get(result.callId);
      if (others === undefined) results.set(result.callId, { placed: [placed], next: 0 });
      else others.placed.push(placed);
    }
  }
  return results;
}

/** Of parallel calls the model signs the first, and only that one is asked for its signature. */
function signFirstCall({ parts }: { parts: WirePart[] }): void {
  const first = parts.findIndex((part) => part.functionCall !== undefined);
  const call = parts[first];
  if (call !== undefined && call.thoughtSignature === undefined)
    parts[first] = { ...call, thoughtSignature: NO_SIGNATURE };
}
