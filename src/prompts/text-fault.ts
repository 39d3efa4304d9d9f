import { LiquidError } from "liquidjs";
import { LimitReached } from "./limits.ts";
import type { TextFault } from "./render-error.ts";

/** Characters of the template's source that a fault quotes. */
const QUOTED = 80;

/**
 * Turns what the engine threw into a fault. Messages of failed filters are not repeated, as they may quote the value of
 * a variable. What the engine did not throw on purpose is a defect of ours and is thrown on.
 */
export function textFault(error: unknown, phase: "parse" | "render"): TextFault {
  const [line = 1, column = 1] = isLiquidError(error) ? error.token.getPosition() : [];
  const at = { line, column, variable: null };
  const cause: unknown = isLiquidError(error) ? (error.originalError ?? error) : error;
  if (cause instanceof LimitReached) return { ...at, kind: cause.kind, detail: cause.message };
  if (isEngineLimit(cause)) return { ...at, kind: "limit", detail: limitDetail(cause) };
  if (!isLiquidError(error) || !(cause instanceof Error)) throw error;
  const missing = missingVariable(cause);
  if (missing !== null) {
    return { ...at, kind: "missing-variable", variable: missing, detail: `variable ${missing} is missing` };
  }
  if (phase === "render") {
    return { ...at, kind: "filter", detail: `cannot work out ${quote(error.token.getText())}` };
  }
  const message = quote(cause.message.replace(/, line:\d+, col:\d+$/, ""));
  return { ...at, kind: message.startsWith("undefined filter") ? "filter" : "syntax", detail: message };
}

function isLiquidError(error: unknown): error is LiquidError {
  return LiquidError.is(error);
}

/** The engine's own limiters throw assertions; deep nesting and giant texts end in the runtime's errors. */
function isEngineLimit(error: unknown): error is Error {
  if (error instanceof RangeError) return /call stack|out of memory|string length/i.test(error.message);
  return error instanceof Error && error.message.endsWith(" limit exceeded");
}

function limitDetail(error: Error): string {
  return error instanceof RangeError ? "it is nested too deeply or grows too large" : error.message;
}

/** The engine's error for this is known by its name alone: its class is not exported. */
function missingVariable(error: Error): string | null {
  if (error.name !== "InternalUndefinedVariableError" || !("variableName" in error)) return null;
  return quote(String(error.variableName));
}

function quote(source: string): string {
  const text = source.replace(/[\u0000-\u001f\u007f]+/g, " ");
  return text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text;
}
