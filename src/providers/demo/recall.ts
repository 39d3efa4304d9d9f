import { DemoError } from "./errors.ts";
import { makeId, seedOf } from "./ids.ts";
import { objectOf } from "./json.ts";

/** A tool call that an earlier answer made, as the client sends it back. */
export interface PastCall {
  /** Without the API's prefix; undefined where the API has no ids. */
  readonly id: string | undefined;
  readonly name: string;
  readonly args: unknown;
}

/** One earlier answer that called tools, since the last prompt. */
export interface PastRound {
  readonly calls: readonly PastCall[];
  /** The signature or encrypted reasoning that came back with it. */
  readonly seal: string | undefined;
  /** The reasoning that the seal is bound to, where the API binds it. */
  readonly sealedText: string;
}

/** How a format reads what it said before. */
export interface PastReader {
  /** The name that `sealOf` got when the seal was made; undefined for an API without seals. */
  readonly sealKind: string | undefined;
  /** A value that the API takes in a seal's place. */
  readonly placeholder?: string;
  /** What the API says of a seal that it did not make. */
  readonly refusal: string;
  /** @throws DemoError 400 where calls lack their results or what the API wants beside them. */
  rounds(body: Record<string, unknown>): PastRound[];
}

/** What of its own words a model finds again. */
export interface Recollection {
  /** Rounds of tool calls since the last prompt. */
  readonly rounds: number;
  /** A sentence for the answer. */
  readonly text: string;
}

/**
 * Looks at what the model said before, as providers do with what they signed.
 * @throws DemoError 400 for a seal that was changed or is another's.
 */
export function recall(past: PastReader, body: Record<string, unknown>): Recollection {
  const rounds = past.rounds(body);
  const seals = rounds.map((round) => sealIn(past, round));
  const calls = rounds.flatMap((round, index) =>
    round.calls.map((call, place) => sameCall(call, index, place, seals[index]!)),
  );
  const sealed = past.sealKind === undefined ? 0 : rounds.length;
  const counts = `${calls.filter(Boolean).length} of ${calls.length} calls and ${
    seals.filter((seal) => seal !== "none").length
  } of ${sealed} seals`;
  return { rounds: rounds.length, text: `Of what I said before, ${counts} came back unchanged.` };
}

function sameCall({ id, name, args }: PastCall, round: number, place: number, sealed: Seal): boolean {
  // Where there are no ids, the seal tells what was called.
  if (id === undefined) return sealed !== "of other arguments";
  return id === rememberedCallId(round, place, name, args);
}

/** What a seal that came back says of the round that it came back with. */
type Seal = "none" | "own" | "of other arguments";

/** Clients fill in the defaults of a tool's arguments: a seal holds beside those, as providers' seals do. */
function sealIn(past: PastReader, { seal, sealedText, calls }: PastRound): Seal {
  if (past.sealKind === undefined || seal === undefined || seal === past.placeholder) return "none";
  const text = Buffer.from(seal, "base64").toString();
  const args = text.split(".").at(-2) ?? "";
  const expected = sealText(past.sealKind, sealedText, calls, args);
  if (text !== expected || Buffer.from(expected).toString("base64") !== seal)
    throw new DemoError(400, past.refusal);
  return args === argumentsMark(calls) ? "own" : "of other arguments";
}

/** An id from which the model knows its call again: it follows from the call and its place. */
export function rememberedCallId(round: number, place: number, name: string, args: unknown): string {
  return makeId(seedOf("call", `${round}.${place}.${name}.${sortedJson(args)}`), "", "call", 22);
}

/**
 * Base64 text that stands where a provider puts a signature or encrypted reasoning; bound to what was said and to the
 * tools that were called, and telling with what arguments.
 */
export function sealOf(kind: string, text: string, calls: readonly SealedCall[]): string {
  return Buffer.from(sealText(kind, text, calls, argumentsMark(calls))).toString("base64");
}

interface SealedCall {
  readonly name: string;
  readonly args: unknown;
}

/** The last part is bound to all others, so that none of them can be changed alone. */
function sealText(kind: string, text: string, calls: readonly SealedCall[], args: string): string {
  const said = `${text}\n${calls.map(({ name }) => name).join("\n")}\n${args}`;
  return `amsterdam-demo.${kind}.${args}.${makeId(seedOf(kind, said), "", "seal", 30)}`;
}

function argumentsMark(calls: readonly SealedCall[]): string {
  return makeId(seedOf("arguments", calls.map(({ args }) => sortedJson(args)).join("\n")), "", "args", 10);
}

/** Clients parse arguments and write them again; the order of members means nothing. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, entry: unknown) => {
    const object = objectOf(entry);
    return object === undefined ? entry : Object.fromEntries(Object.entries(object).sort());
  });
}
