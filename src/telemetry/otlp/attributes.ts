import type { Labels } from "../metric-family.ts";

/** A value as OTLP's JSON spells it. */
type Value =
  | { readonly stringValue: string }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly boolValue: boolean }
  | { readonly arrayValue: { readonly values: readonly Value[] } };

export interface Attribute {
  readonly key: string;
  readonly value: Value;
}

/** Clients choose many of the texts; what is longer says nothing more, and collectors refuse exports that are too long. */
const MAX_TEXT = 4096;

/** Attributes as OTLP's JSON spells them. What is null or absent is left out. */
export class Attributes {
  readonly list: Attribute[] = [];

  text(key: string, value: string | null): this {
    return this.longText(key, value === null ? null : bounded(value));
  }

  /** A text of whatever length. */
  longText(key: string, value: string | null): this {
    if (value !== null) this.list.push({ key, value: { stringValue: wellFormed(value) } });
    return this;
  }

  /** A whole number. */
  int(key: string, value: number | undefined): this {
    // 64-bit integers are texts in OTLP's JSON.
    if (value !== undefined) this.list.push({ key, value: { intValue: String(Math.round(value)) } });
    return this;
  }

  double(key: string, value: number | null): this {
    if (value !== null) this.list.push({ key, value: { doubleValue: value } });
    return this;
  }

  flag(key: string, value: boolean): this {
    this.list.push({ key, value: { boolValue: value } });
    return this;
  }

  /** A list of texts; an empty one is left out. */
  texts(key: string, values: readonly string[]): this {
    if (values.length === 0) return this;
    const items = values.map((value) => ({ stringValue: wellFormed(bounded(value)) }));
    this.list.push({ key, value: { arrayValue: { values: items } } });
    return this;
  }
}

/** Labels as attributes. */
export function attributesOf(labels: Labels): Attribute[] {
  return Object.entries(labels).map(([key, value]) => ({
    key: wellFormed(key),
    value: { stringValue: wellFormed(value) },
  }));
}

function bounded(text: string): string {
  return text.length <= MAX_TEXT ? text : text.slice(0, MAX_TEXT);
}

/** Half a surrogate pair, for which Protocol Buffers have no place, becomes U+FFFD. */
export function wellFormed(text: string): string {
  return text.isWellFormed() ? text : text.toWellFormed();
}

/** Unix nanoseconds as OTLP's JSON spells them, of Unix milliseconds with a fraction. */
export function nanos(milliseconds: number): string {
  const whole = Math.floor(milliseconds);
  // Finer than a microsecond is noise, and more than a double holds at this size.
  const micros = Math.min(999, Math.round((milliseconds - whole) * 1000));
  return `${whole}${String(micros).padStart(3, "0")}000`;
}
