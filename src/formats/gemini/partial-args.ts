import { arrayOf, isRecord, type JsonObject, stringOf } from "../../exchange/read.ts";

type Container = Record<string, unknown> | unknown[];

/** More than any list of arguments has; a path to a higher place is passed over. */
const MAX_INDEX = 100_000;

/**
 * The arguments of a call that Vertex streams piece by piece, when it was asked to: each piece names its place by a
 * JSONPath (`$.trip.stops[0]`) and gives a value, or more of a text (Gemini's `partialArgs` with `willContinue`).
 */
export class PartialArguments {
  // Without a prototype, so that an argument named `__proto__` is one like the others.
  readonly #root: Record<string, unknown> = Object.create(null);
  /** Where the last piece's text goes on. */
  #continued: string | null = null;

  /** Takes what a part of the call tells: whole `args`, or pieces. */
  take(call: JsonObject): void {
    if (isRecord(call.args)) {
      for (const [key, value] of Object.entries(call.args)) this.#root[key] = value;
    }
    for (const piece of arrayOf(call.partialArgs)) if (isRecord(piece)) this.#piece(piece);
  }

  /** JSON text of the object so far. */
  text(): string {
    return JSON.stringify(this.#root);
  }

  #piece(piece: JsonObject): void {
    const path = stringOf(piece.jsonPath);
    const steps = path === undefined ? [] : stepsOf(path);
    const last = steps.pop();
    if (path === undefined || last === undefined) return;
    const holder = this.#holder([...steps, last]);
    if (holder === null) return;
    const value = givenValue(piece);
    const before = read(holder, last);
    const goesOn = this.#continued === path && typeof before === "string" && typeof value === "string";
    if (value !== undefined) write(holder, last, goesOn ? before + value : value);
    this.#continued = piece.willContinue === true ? path : null;
  }

  /** The object or list that the last of `steps` is in, made where it is not there yet; null where a value is in the way. */
  #holder(steps: readonly (string | number)[]): Container | null {
    let holder: Container = this.#root;
    for (const [index, step] of steps.slice(0, -1).entries()) {
      if (typeof step === "number" && (step > MAX_INDEX || !Array.isArray(holder))) return null;
      let next = read(holder, step);
      if (next === undefined) {
        next = typeof steps[index + 1] === "number" ? [] : Object.create(null);
        write(holder, step, next);
      }
      if (typeof next !== "object" || next === null) return null;
      holder = next as Container;
    }
    const last = steps.at(-1);
    if (typeof last === "number") return Array.isArray(holder) && last <= MAX_INDEX ? holder : null;
    return Array.isArray(holder) ? null : holder;
  }
}

function givenValue(piece: JsonObject): unknown {
  if (piece.stringValue !== undefined) return piece.stringValue;
  if (piece.numberValue !== undefined) return piece.numberValue;
  if (piece.boolValue !== undefined) return piece.boolValue;
  return piece.nullValue === undefined ? undefined : null;
}

/** Own members only: a path may well name `__proto__`. */
function read(holder: Container, step: string | number): unknown {
  return Object.hasOwn(holder, step) ? (holder as Record<string | number, unknown>)[step] : undefined;
}

function write(holder: Container, step: string | number, value: unknown): void {
  Object.defineProperty(holder, step, { value, writable: true, enumerable: true, configurable: true });
}

/** The steps of a JSONPath of names and indexes (RFC 9535): `$.a.b[0]['c d']`. Empty for another. */
function stepsOf(path: string): (string | number)[] {
  const steps: (string | number)[] = [];
  let at = path.startsWith("$") ? 1 : 0;
  while (at < path.length) {
    if (path[at] === "[") {
      const quote = path[at + 1];
      const quoted = quote === "'" || quote === '"';
      const end = path.indexOf(quoted ? `${quote}]` : "]", at + 1 + (quoted ? 1 : 0));
      if (end < 0) return [];
      const name = path.slice(at + (quoted ? 2 : 1), end);
      if (!quoted && !isIndex(name)) return [];
      steps.push(quoted ? name : Number(name));
      at = end + (quoted ? 2 : 1);
    } else {
      const begin = path[at] === "." ? at + 1 : at;
      const ends = [path.indexOf(".", begin), path.indexOf("[", begin)].filter((end) => end >= 0);
      const end = Math.min(path.length, ...ends);
      if (end === begin) return [];
      steps.push(path.slice(begin, end));
      at = end;
    }
  }
  return steps;
}

function isIndex(text: string): boolean {
  return text !== "" && Number.isInteger(Number(text)) && Number(text) >= 0;
}
