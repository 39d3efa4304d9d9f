import { type LogEntry, type LogLevel, quote } from "./log-line.ts";
import type { Plain } from "./redact.ts";

const RESET = "\x1b[0m";
const DIM = "\x1b[2m";
const LEVEL_COLOURS: Record<LogLevel, string> = {
  trace: "\x1b[90m",
  debug: "\x1b[34m",
  info: "\x1b[32m",
  warn: "\x1b[33m",
  error: "\x1b[31m",
};

/** `entry` as one line for a terminal: local time, level, message, `name=value` pairs. Control characters are escaped. */
export function prettyLine(entry: LogEntry, colour: boolean): string {
  let line = prettyStart(entry.time, entry.level, colour) + bare(entry.message);
  for (const name in entry.fields) {
    const pair = `${bare(name)}=`;
    line += ` ${colour ? `${DIM}${pair}${RESET}` : pair}${show(entry.fields[name]!)}`;
  }
  return `${line}\n`;
}

/** The time and level that every line for a terminal begins with. */
export function prettyStart(time: number, level: LogLevel, colour: boolean): string {
  const clock = localClock(time);
  const name = level.toUpperCase().padEnd(5);
  return colour ? `${DIM}${clock}${RESET} ${LEVEL_COLOURS[level]}${name}${RESET} ` : `${clock} ${name} `;
}

function localClock(time: number): string {
  const date = new Date(time);
  const two = (value: number) => String(value).padStart(2, "0");
  const seconds = `${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
  return `${two(date.getHours())}:${two(date.getMinutes())}:${seconds}`;
}

/** Text without quotes around it, its control characters and line breaks escaped as in JSON. */
export function bare(text: string): string {
  return quote(text).slice(1, -1).replaceAll('\\"', '"');
}

const NEEDS_QUOTES = /[\s"=]|^$/;

function show(value: Plain): string {
  if (typeof value === "string") return NEEDS_QUOTES.test(value) ? quote(value) : bare(value);
  if (
    value !== null &&
    typeof value === "object" &&
    !Array.isArray(value) &&
    typeof value.stack === "string"
  ) {
    return showError(value, value.stack);
  }
  return typeof value === "object" ? bare(JSON.stringify(value)) : String(value);
}

/** `Name: message (code)`, then the three nearest frames and the cause, all on the same line. */
function showError(error: { [name: string]: Plain }, stack: string): string {
  const code = error.code === undefined || error.code === null ? "" : ` (${error.code})`;
  const frames = stack.split("\n").filter((line) => /^\s*at /.test(line));
  const nearest = frames.slice(0, 3).map((line) => line.trim());
  const cause = error.cause === undefined || error.cause === null ? "" : ` <- ${show(error.cause)}`;
  return bare([`${error.name}: ${error.message}${code}`, ...nearest].join(" | ")) + cause;
}
