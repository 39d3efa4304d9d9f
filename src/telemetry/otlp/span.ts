import { type Attribute, nanos, wellFormed } from "./attributes.ts";

export const SERVER = 2;
export const CLIENT = 3;
const FAILED = 2;
const MAX_NAME = 300;
/** Longest message of a failure. */
export const MAX_MESSAGE = 500;

/** What a span shares with many others: its name, its kind and some of its attributes. */
export interface SharedPart {
  readonly name: string;
  readonly kind: typeof SERVER | typeof CLIENT;
  readonly attributes: readonly Attribute[];
}

/** What is a span's own. */
export interface OwnPart {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  /** Unix milliseconds. */
  readonly start: number;
  readonly end: number;
  readonly attributes: readonly Attribute[];
  /** Null where it did not fail. */
  readonly failure: string | null;
}

const MAX_REMEMBERED = 2_000;
const MAX_KEY = 1_000;
const remembered = new Map<string, string>();

/**
 * The text of a span in OTLP's JSON. What it shares with others is written once for each `key`, which has to hold all that
 * `shared` depends on: a gateway's requests differ in little but ids, times and counts, and every request pays for this.
 */
export function spanJson(key: string, shared: () => SharedPart, own: OwnPart): string {
  let text = remembered.get(key);
  if (text === undefined) {
    text = sharedText(shared());
    if (remembered.size < MAX_REMEMBERED && key.length <= MAX_KEY) remembered.set(key, text);
  }
  const parent = own.parentSpanId === null ? "" : `"parentSpanId":"${own.parentSpanId}",`;
  const attributes = own.attributes.length === 0 ? "" : `,${JSON.stringify(own.attributes).slice(1, -1)}`;
  const status =
    own.failure === null
      ? ""
      : JSON.stringify({ code: FAILED, message: wellFormed(own.failure) }).slice(1, -1);
  return (
    `{"traceId":"${own.traceId}","spanId":"${own.spanId}",${parent}` +
    `"startTimeUnixNano":"${nanos(own.start)}","endTimeUnixNano":"${nanos(own.end)}",` +
    `"status":{${status}},${text}${attributes}]}`
  );
}

/** Up to the end of the attributes, whose list is left open. There is at least one. */
function sharedText({ name, kind, attributes }: SharedPart): string {
  const shown = JSON.stringify(wellFormed(name.slice(0, MAX_NAME)));
  return `"name":${shown},"kind":${kind},"attributes":${JSON.stringify(attributes).slice(0, -1)}`;
}

/** One key of several values. */
export function keyOf(...values: readonly (string | number | boolean | null | undefined)[]): string {
  return values.join("\u0000");
}
