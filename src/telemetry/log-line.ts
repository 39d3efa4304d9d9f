import type { LoggingConfig } from "../config/schema.ts";
import { type Plain, safeFields, safeText } from "./redact.ts";

export type LogLevel = Exclude<LoggingConfig["level"], "off">;

/** What a line is made of, already plain and free of secrets. */
export interface LogEntry {
  /** Unix milliseconds. */
  readonly time: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: { [name: string]: Plain } | null;
}

/** An entry of what a room logs: its message and fields pass the redaction guard here and nowhere else. */
export function toLogEntry(level: LogLevel, message: string, fields: object | undefined): LogEntry {
  return {
    time: Date.now(),
    level,
    message: safeText(message),
    fields: fields === undefined ? null : safeFields(fields),
  };
}

const OWN_NAMES = new Set(["time", "level", "msg"]);

/** `entry` as one line of JSON, line break included. A field named like one of the line's own gets a `_` after it. */
export function jsonLine(entry: LogEntry): string {
  let line = `{"time":"${timestamp(entry.time)}","level":"${entry.level}","msg":${quote(entry.message)}`;
  for (const name in entry.fields) {
    line += `,${quote(OWN_NAMES.has(name) ? `${name}_` : name)}:${json(entry.fields[name]!)}`;
  }
  return `${line}}\n`;
}

function json(value: Plain): string {
  return typeof value === "string" ? quote(value) : escapeInvisible(JSON.stringify(value));
}

const PLAIN_TEXT = /^[ !#-[\]-~]*$/;
// Some readers split lines at NEL and the Unicode separators; terminals obey C1 controls and reorder at bidi marks.
const INVISIBLE = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const EVERY_INVISIBLE = new RegExp(INVISIBLE, "g");

/** `text` as a JSON string that holds no line break and no control character in any reader's eyes. */
export function quote(text: string): string {
  return PLAIN_TEXT.test(text) ? `"${text}"` : escapeInvisible(JSON.stringify(text));
}

function escapeInvisible(text: string): string {
  if (!INVISIBLE.test(text)) return text;
  return text.replace(EVERY_INVISIBLE, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

let lastTime = 0;
let lastTimestamp = "1970-01-01T00:00:00.000Z";

/** Unix milliseconds as RFC 3339 with milliseconds, remembered since many lines share one. */
export function timestamp(time: number): string {
  const whole = Math.floor(time);
  if (whole !== lastTime) {
    lastTimestamp = new Date(whole).toISOString();
    lastTime = whole;
  }
  return lastTimestamp;
}
