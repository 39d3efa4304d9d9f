import type { Losses } from "../../exchange/losses.ts";
import type { Part, ReasoningPart, ToolResultPart } from "../../exchange/parts.ts";
import type { Message } from "../../exchange/request.ts";
import { Calls } from "./calls.ts";
import { BLOCKS, isMarked, ownMembers, SEPARATE } from "./extensions.ts";
import { isThinking } from "./reasoning-blocks.ts";
import { type Block, FORMAT, type TextBlock, type WireMessage } from "./wire.ts";
import {
  cacheControl,
  inputOf,
  isPlain,
  listed,
  resultBlocks,
  writeMedia,
  writeNative,
  writeResult,
  writeText,
} from "./write-blocks.ts";

interface Placed {
  readonly message: Message;
  /** Its place in the neutral request, for naming it. */
  readonly at: string;
}

export interface WrittenHistory {
  readonly system: readonly TextBlock[];
  /** Whether the system text was one block in an array. */
  readonly systemInBlocks: boolean;
  readonly messages: readonly WireMessage[];
}

/**
 * Writes a conversation. Instructions in front become the system text; later ones a message of role `system` where the
 * model knows it and it may stand there, otherwise a user's text that is marked. Messages of a role that follow each
 * other become one, as the API itself takes them. A turn that has no words left is left out.
 */
export function writeHistory(
  messages: readonly Message[],
  systemTurns: boolean,
  losses: Losses,
): WrittenHistory {
  const placed = messages.map((message, index) => ({ message, at: `messages[${index}]` }));
  const begin = placed.findIndex(({ message }) => !isInstruction(message));
  const front = begin < 0 ? placed : placed.slice(0, begin);
  const system = front.flatMap((each) => instructionBlocks(each, losses)) as TextBlock[];
  const writer = new HistoryWriter(systemTurns, losses);
  for (const turn of turnsOf(begin < 0 ? [] : placed.slice(begin))) writer.take(turn);
  const written = writer.end();
  const systemInBlocks = front.some(({ message }) => isMarked(message.extensions, BLOCKS));
  if (written.length > 0) return { system, systemInBlocks, messages: written };
  // The API wants a user's message: instructions alone are taken for one, and an empty one is the API's to refuse.
  if (begin < 0 && system.length > 0) {
    losses.add("messages[0].role: instructions alone are sent as the user's message");
    return { system: [], systemInBlocks, messages: [{ role: "user", content: system }] };
  }
  return { system, systemInBlocks, messages: [{ role: "user", content: "" }] };
}

function isInstruction({ role }: Message): boolean {
  return role === "system" || role === "developer";
}

/** Runs of messages that are all the assistant's, or all not. */
function turnsOf(placed: readonly Placed[]): Placed[][] {
  const turns: Placed[][] = [];
  for (const each of placed) {
    const last = turns.at(-1);
    const role = last?.[0]?.message.role;
    if (last !== undefined && (role === "assistant") === (each.message.role === "assistant")) last.push(each);
    else turns.push([each]);
  }
  return turns;
}

function instructionBlocks({ message, at }: Placed, losses: Losses): Block[] {
  return message.parts.flatMap((part, index): Block[] => {
    const place = `${at}.parts[${index}]`;
    if (part.kind === "text") return listed(writeText(part, place, losses));
    if (part.kind === "native") return writeNative(part, place, losses);
    return losses.refuse(`${place}: ${part.kind}`, "its instructions are texts");
  });
}

/** A wire message in the making. */
interface Draft {
  readonly role: "user" | "assistant" | "system";
  readonly blocks: Block[];
  inBlocks: boolean;
  members: object;
}

class HistoryWriter {
  readonly #systemTurns: boolean;
  readonly #losses: Losses;
  readonly #calls = new Calls();
  readonly #written: Draft[] = [];

  constructor(systemTurns: boolean, losses: Losses) {
    this.#systemTurns = systemTurns;
    this.#losses = losses;
  }

  take(turn: readonly Placed[]): void {
    if (turn[0]?.message.role === "assistant") this.#assistantTurn(turn);
    else this.#userTurn(turn);
  }

  end(): WireMessage[] {
    trimEnd(this.#written);
    return this.#written.map(({ role, blocks, inBlocks, members }) => {
      const [only] = blocks;
      const asString = blocks.length === 1 && !inBlocks && isPlain(only!);
      return { role, content: asString ? (only as TextBlock).text : blocks, ...members };
    });
  }

  #assistantTurn(turn: readonly Placed[]): void {
    this.#calls.begin();
    const drafts = this.#drafts("assistant", turn, (part, at) => this.#assistantBlocks(part, at));
    // Thoughts and white space alone are no turn to the API.
    this.#written.push(
      ...drafts.filter(({ blocks }) => blocks.some((block) => !isThinking(block) && hasWords(block))),
    );
  }

  #assistantBlocks(part: Part, at: string): Block[] {
    switch (part.kind) {
      case "text":
        return listed(writeText(part, at, this.#losses, true));
      case "refusal":
        return part.text === "" ? [] : [{ type: "text", text: part.text }];
      case "reasoning":
        return reasoningBlocks(part);
      case "tool-call":
        if (part.custom === true)
          this.#losses.refuse(`${at}: ${part.name}`, "it has no tools whose argument is free text");
        return [
          {
            type: "tool_use",
            id: this.#calls.idOf(part),
            name: part.name,
            input: inputOf(part, at),
            ...cacheControl(part.cache),
            ...ownMembers(part.extensions),
          },
        ];
      case "native":
        return writeNative(part, at, this.#losses);
      case "media":
        this.#losses.add(`${at}: ${part.media} of the assistant's`);
        return [];
      case "tool-result":
        return this.#orphan(part, at);
    }
  }

  /** Results come first, and one for every call; then the rest in its order; then instructions where they may. */
  #userTurn(turn: readonly Placed[]): void {
    const results: Block[] = [];
    const asSystem = this.#mayInstruct(turn);
    const said = turn.filter(({ message }) => !(asSystem && isInstruction(message)));
    const drafts = this.#drafts("user", said, (part, at, role) => {
      if (part.kind !== "tool-result") return this.#userBlocks(part, at, role);
      const id = this.#calls.answer(part);
      if (id === null) return this.#orphan(part, at);
      results.push(writeResult(part, id, at, this.#losses));
      return [];
    });
    const { results: stands, ids } = this.#calls.missing();
    for (const id of ids) this.#losses.add(`${turn[0]!.at}: no result of the tool call ${id.slice(0, 40)}`);
    drafts[0]?.blocks.unshift(...results, ...stands);
    this.#written.push(...drafts.filter(({ blocks }) => blocks.length > 0));
    if (asSystem)
      this.#written.push(...this.#systemMessage(turn.filter(({ message }) => isInstruction(message))));
  }

  /** Whether instructions of the turn may be a message of role `system`: right after a user's, or a hosted tool's use. */
  #mayInstruct(turn: readonly Placed[]): boolean {
    if (!this.#systemTurns || !turn.some(({ message }) => isInstruction(message))) return false;
    if (turn.some(({ message }) => !isInstruction(message) && message.parts.length > 0)) return true;
    const last = this.#written.at(-1)?.blocks.at(-1)?.type;
    return last === "server_tool_use" || (last !== "tool_use" && last?.endsWith("_tool_result") === true);
  }

  #systemMessage(instructions: readonly Placed[]): Draft[] {
    const blocks = instructions.flatMap((each) => instructionBlocks(each, this.#losses));
    if (blocks.length === 0) return [];
    const inBlocks = instructions.some(({ message }) => isMarked(message.extensions, BLOCKS));
    const members = Object.fromEntries(
      instructions.flatMap(({ message }) => Object.entries(ownMembers(message.extensions))),
    );
    return [{ role: "system", blocks, inBlocks, members }];
  }

  #userBlocks(part: Part, at: string, role: Message["role"]): Block[] {
    switch (part.kind) {
      case "text": {
        const block = writeText(part, at, this.#losses);
        if (block === null || (role !== "system" && role !== "developer")) return listed(block);
        this.#losses.add(`${at}: a ${role} instruction as the user's marked text`);
        return [{ ...block, text: `<system-instruction>\n${block.text}\n</system-instruction>` }];
      }
      case "media":
        return [writeMedia(part, at, this.#losses)];
      case "native":
        return writeNative(part, at, this.#losses);
      default:
        this.#losses.add(`${at}: ${part.kind} of the user's`);
        return [];
    }
  }

  /** A result whose call is not in the conversation right before it; its words are kept. */
  #orphan(part: ToolResultPart, at: string): Block[] {
    this.#losses.add(`${at}: a result without its tool call, as text`);
    const about = `Result of the tool call ${JSON.stringify(part.callId)}, which is not shown here:`;
    return [{ type: "text", text: about }, ...resultBlocks(part, at, this.#losses).filter(hasWords)];
  }

  /** One draft a message, or fewer: what came as one, or follows in the same role, is written as one. */
  #drafts(
    role: "user" | "assistant",
    turn: readonly Placed[],
    blocksOf: (part: Part, at: string, role: Message["role"]) => Block[],
  ): Draft[] {
    const drafts: Draft[] = [{ role, blocks: [], inBlocks: false, members: {} }];
    for (const { message, at } of turn) {
      const { extensions, name, parts } = message;
      if (name !== undefined) this.#losses.add(`${at}.name`);
      if (isMarked(extensions, SEPARATE) && drafts.at(-1)!.blocks.length > 0)
        drafts.push({ role, blocks: [], inBlocks: false, members: {} });
      const draft = drafts.at(-1)!;
      draft.inBlocks ||= isMarked(extensions, BLOCKS);
      draft.members = { ...draft.members, ...ownMembers(extensions) };
      for (const [index, part] of parts.entries())
        draft.blocks.push(...blocksOf(part, `${at}.parts[${index}]`, message.role));
    }
    return drafts;
  }
}

/** Thoughts go back exactly as they came; those that Anthropic did not seal cannot. */
function reasoningBlocks({ text, redacted, seal, extensions }: ReasoningPart): Block[] {
  if (seal?.origin !== FORMAT || seal.value === "") return [];
  const own = ownMembers(extensions);
  return redacted === true
    ? [{ type: "redacted_thinking", data: seal.value, ...own }]
    : [{ type: "thinking", thinking: text, signature: seal.value, ...own }];
}

function hasWords(block: Block): boolean {
  return block.type !== "text" || (block as TextBlock).text.trim() !== "";
}

/** A last message of the assistant's is an answer to go on with; the API refuses one that ends in white space. */
function trimEnd(written: readonly Draft[]): void {
  const last = written.at(-1);
  const block = last?.blocks.at(-1);
  if (last?.role !== "assistant" || block?.type !== "text") return;
  last.blocks[last.blocks.length - 1] = {
    ...(block as TextBlock),
    text: (block as TextBlock).text.trimEnd(),
  };
}
