import type { Ask, OfferedTool } from "./ask.ts";
import type { Behaviour } from "./behaviours.ts";
import { makeId } from "./ids.ts";
import { type JsonObject, objectOf } from "./json.ts";
import { type Recollection, rememberedCallId } from "./recall.ts";
import { sampleJson } from "./sample-json.ts";
import { REASONING, REFUSAL, writeAnswer } from "./script.ts";
import { countTokens, firstTokens } from "./tokens.ts";
import { wantedTools } from "./tool-wish.ts";

export interface PlannedCall {
  /** Letters and digits; each API puts its own prefix before it. */
  readonly id: string;
  readonly name: string;
  readonly args: JsonObject;
}

/** Why an answer ends. `refusal` means that the model declined. */
export type PlannedFinish = "stop" | "length" | "tool-calls" | "refusal";

/** One answer, in no provider's format. */
export interface PlannedAnswer {
  /** "" when there is none or when it stays hidden. */
  readonly reasoning: string;
  readonly reasons: boolean;
  /** "" next to tool calls. For a refusal it is the explanation. */
  readonly text: string;
  readonly calls: readonly PlannedCall[];
  readonly finish: PlannedFinish;
  /** The stop sequence that ended the text. */
  readonly stopSequence: string | undefined;
}

export interface Plan {
  readonly answers: readonly PlannedAnswer[];
  /** All answers together; `reasoningTokens` is a part of `outputTokens`. */
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}

/** What every format's writer gets: the request, what to answer, and where its ids come from. */
export interface Answered {
  readonly ask: Ask;
  readonly plan: Plan;
  readonly seed: bigint;
  readonly body: JsonObject;
}

/**
 * Decides the whole answer at once; the writers only put it into their format. `past` is what a model finds of its own
 * earlier words, where it looks.
 */
export function planAnswers(
  ask: Ask,
  behaviour: Behaviour,
  seed: bigint,
  past: Recollection | undefined,
): Plan {
  const answers: PlannedAnswer[] = [];
  let outputTokens = 0;
  let reasoningTokens = 0;
  for (let index = 0; index < ask.count; index++) {
    const { answer, reasoned, output } = planOne(ask, behaviour, { seed, past }, index);
    answers.push(answer);
    reasoningTokens += reasoned;
    outputTokens += output;
  }
  return { answers, outputTokens, reasoningTokens };
}

type Source = Pick<Budget, "seed" | "past">;

function planOne(ask: Ask, behaviour: Behaviour, source: Source, index: number) {
  const limit = ask.maxTokens ?? Infinity;
  const reasons = behaviour.script === "thinks" || behaviour.script === "remembers";
  const wish = reasons ? "shown" : ask.reasoning;
  const thought = wish === "none" || behaviour.script === "refuses" ? "" : firstTokens(REASONING, limit);
  const reasoned = countTokens(thought);
  const spoken = planContent(ask, behaviour, { ...source, index, limit: limit - reasoned });
  const answer: PlannedAnswer = {
    reasoning: wish === "shown" ? thought : "",
    reasons: thought !== "",
    ...spoken,
  };
  return { answer, reasoned, output: reasoned + contentTokens(spoken) };
}

type Content = Omit<PlannedAnswer, "reasoning" | "reasons">;

interface Budget {
  readonly seed: bigint;
  readonly index: number;
  /** Tokens left after the reasoning. */
  readonly limit: number;
  readonly past: Recollection | undefined;
}

function planContent(ask: Ask, behaviour: Behaviour, budget: Budget): Content {
  const { index, limit, past } = budget;
  const nothing: Content = { text: "", calls: [], finish: "stop", stopSequence: undefined };
  if (behaviour.script === "refuses") return { ...nothing, text: REFUSAL, finish: "refusal" };
  const tools = wantedTools(ask, behaviour, past);
  if (tools.length > 0) {
    return fitCalls(
      tools.map((tool, place) => planCall(tool, place, budget)),
      limit,
    );
  }
  const text = [writeAnswer(ask, behaviour, index), past?.text].filter(Boolean).join(" ");
  return cutText(text, ask.stop, limit);
}

function planCall({ name, schema }: OfferedTool, place: number, { seed, index, past }: Budget): PlannedCall {
  const args = objectOf(schema === undefined ? {} : sampleJson(schema)) ?? {};
  const id =
    past === undefined
      ? makeId(seed, "", `call.${index}.${place}`)
      : rememberedCallId(past.rounds, place, name, args);
  return { id, name, args };
}

/** A call that no longer fits is left out whole: half a JSON text would help nobody. */
function fitCalls(calls: readonly PlannedCall[], limit: number): Content {
  let used = 0;
  const fitting = calls.filter((call) => {
    used += callTokens(call);
    return used <= limit;
  });
  const finish = fitting.length === calls.length ? "tool-calls" : "length";
  return { text: "", calls: fitting, finish, stopSequence: undefined };
}

function cutText(text: string, stops: readonly string[], limit: number): Content {
  const within = firstTokens(text, limit);
  let end = within.length;
  let stopSequence: string | undefined;
  for (const stop of stops) {
    const found = stop === "" ? -1 : within.indexOf(stop);
    if (found >= 0 && found < end) {
      end = found;
      stopSequence = stop;
    }
  }
  const cut = stopSequence === undefined && within.length < text.length;
  return { text: within.slice(0, end), calls: [], finish: cut ? "length" : "stop", stopSequence };
}

function contentTokens({ text, calls }: Content): number {
  return calls.reduce((sum, call) => sum + callTokens(call), countTokens(text));
}

function callTokens(call: PlannedCall): number {
  return countTokens(call.name) + countTokens(JSON.stringify(call.args));
}
