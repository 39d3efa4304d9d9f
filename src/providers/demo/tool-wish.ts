import type { Ask, OfferedTool } from "./ask.ts";
import type { Behaviour } from "./behaviours.ts";
import type { Recollection } from "./recall.ts";

/** `use the tool`, `call it`, `calling a function` … */
const GENERAL_WISH = /\bcall(ing)?\b|\bus(e|ing) (a|an|the|any|your|my|this|that) (tool|function)s?\b/i;

/** Answers with calls that `remembers` gives before it comes to an end. */
const ROUNDS = 2;

/**
 * The tools to call now, in the order in which the prompt names them. None when the last turn already brings
 * results, so that every loop of an agent ends.
 */
export function wantedTools(
  ask: Ask,
  behaviour: Behaviour,
  past: Recollection | undefined,
): readonly OfferedTool[] {
  if (ask.tools.length === 0 || ask.toolChoice === "none") return [];
  if (past !== undefined && past.rounds < ROUNDS)
    return ask.parallelCalls ? ask.tools : ask.tools.slice(0, 1);
  if (past !== undefined || ask.toolResults.length > 0) return [];
  if (behaviour.script === "tools") return ask.tools.slice(0, 1);
  const named = namedTools(ask);
  if (named.length > 0) return ask.parallelCalls ? named : named.slice(0, 1);
  const wished = ask.toolChoice === "required" || GENERAL_WISH.test(ask.prompt);
  return wished ? ask.tools.slice(0, 1) : [];
}

function namedTools(ask: Ask): OfferedTool[] {
  const places = new Map<OfferedTool, number>();
  for (const tool of ask.tools) {
    const place = wordIndex(ask.prompt, tool.name);
    if (place >= 0) places.set(tool, place);
  }
  return [...places].sort(([, left], [, right]) => left - right).map(([tool]) => tool);
}

/** Where `word` stands in `text` as a word of its own, or -1. `add` is not in `address`. */
function wordIndex(text: string, word: string): number {
  if (word === "") return -1;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!isWordCharacter(text[at - 1]) && !isWordCharacter(text[at + word.length])) return at;
  }
  return -1;
}

function isWordCharacter(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}_]/u.test(character);
}
