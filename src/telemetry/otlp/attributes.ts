import type { Labels } from "../metric-family.ts";

/**
 * Attributes as OTLP's JSON spells them: `{"key":…,"value":{"stringValue":…}}`, written as text at once. Objects for
 * JSON.stringify would cost three times as much, for every request.
 */
export class Attributes {
  #json = "";

  /** Null is left out. */
  text(key: string, value: string | null): this {
    return value === null ? this : this.#add(key, `"stringValue":${jsonText(value)}`);
  }

  /** A whole number. */
  int(key: string, value: number | undefined): this {
    // 64-bit integers are texts in OTLP's JSON.
    return value === undefined ? this : this.#add(key, `"intValue":"${Math.round(value)}"`);
  }

  double(key: string, value: number | null): this {
    return value === null ? this : this.#add(key, `"doubleValue":${value}`);
  }

  flag(key: string, value: boolean): this {
    return this.#add(key, `"boolValue":${value}`);
  }

  /** A list of texts; an empty one is left out. */
  list(key: string, values: readonly string[]): this {
    if (values.length === 0) return this;
    const items = values.map((value) => `{"stringValue":${jsonText(value)}}`).join(",");
    return this.#add(key, `"arrayValue":{"values":[${items}]}`);
  }

  texts(labels: Labels): this {
    for (const [key, value] of Object.entries(labels)) this.text(key, value);
    return this;
  }

  /** The attributes, as the text of a JSON array. */
  json(): string {
    return `[${this.#json}]`;
  }

  #add(key: string, value: string): this {
    this.#json += `${this.#json === "" ? "" : ","}{"key":${jsonText(key)},"value":{${value}}}`;
    return this;
  }
}

/** A JSON text; half a surrogate pair, which UTF-8 cannot hold, becomes U+FFFD. */
export function jsonText(value: string): string {
  return JSON.stringify(value.toWellFormed());
}

/** Unix nanoseconds as OTLP's JSON spells them, of Unix milliseconds with a fraction. */
export function nanos(milliseconds: number): string {
  const whole = Math.floor(milliseconds);
  // Finer than a microsecond is noise, and more than a double holds at this size.
  const micros = Math.min(999, Math.round((milliseconds - whole) * 1000));
  return `${whole}${String(micros).padStart(3, "0")}000`;
}
