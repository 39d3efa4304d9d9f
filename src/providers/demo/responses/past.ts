import { DemoError } from "../errors.ts";
import { type JsonObject, objectsOf, stringOf } from "../json.ts";
import { parsedArguments } from "../openai-body.ts";
import type { PastCall, PastReader, PastRound } from "../recall.ts";

export const RESPONSES_PAST: PastReader = {
  sealKind: "reasoning",
  refusal:
    "The encrypted content could not be verified. Reason: Encrypted content could not be decrypted or parsed.",
  rounds(body) {
    const input = objectsOf(body.input);
    const since = input.slice(input.findLastIndex(({ role }) => role === "user") + 1);
    requireOutputs(since);
    return roundsOf(since);
  },
};

/** Calls that follow each other are of one answer, and so is the reasoning before them. */
function roundsOf(items: readonly JsonObject[]): PastRound[] {
  const rounds: PastRound[] = [];
  let seal: string | undefined;
  let calls: PastCall[] = [];
  for (const item of items) {
    if (item.type === "function_call") {
      if (calls.length === 0) rounds.push({ calls, seal, sealedText: "" });
      calls.push(pastCall(item));
      continue;
    }
    if (calls.length > 0) {
      calls = [];
      seal = undefined;
    }
    if (item.type === "reasoning") seal = stringOf(item.encrypted_content);
  }
  return rounds;
}

function pastCall(item: JsonObject): PastCall {
  return {
    id: (stringOf(item.call_id) ?? "").replace(/^call_/, ""),
    name: stringOf(item.name) ?? "",
    args: parsedArguments(item.arguments),
  };
}

function requireOutputs(items: readonly JsonObject[]): void {
  // An output that names its tool in place of a call answers none.
  const answers = items.filter(
    ({ type, call_id: id, name }) =>
      type === "function_call_output" && (typeof id === "string" || typeof name !== "string"),
  );
  const outputs = new Set(answers.map((item) => item.call_id));
  const calls = items.filter(({ type }) => type === "function_call").map((item) => item.call_id);
  const missing = calls.find((id) => !outputs.has(id));
  if (missing !== undefined) {
    throw new DemoError(400, `No tool output found for function call ${missing}.`, { param: "input" });
  }
  for (const id of outputs) {
    if (calls.includes(id)) continue;
    throw new DemoError(400, `No tool call found for function call output with call_id ${id}.`, {
      param: "input",
    });
  }
}
