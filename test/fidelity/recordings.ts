import { resolve } from "node:path";
import { type RecordedExchange, recordedExchanges } from "../support/exchanges.ts";
import { FORMATS, type Format } from "./formats.ts";

/** A recorded exchange and what the proof needs to know of it. */
export interface Recording extends RecordedExchange {
  readonly format: Format;
  /** The model's name as the recorded request has it. */
  readonly model: string;
  /** Answers that the body holds, at least 1. */
  readonly choices: number;
}

/** Recordings of all formats in a folder of `.jsonl` files, that of the tests unless given. */
export function readRecordings(folder?: string): Recording[] {
  return FORMATS.flatMap((format) =>
    recordedExchanges(format, folder === undefined ? undefined : resolve(folder)).map((exchange) => {
      const recording = asNames(asEvents(exchange));
      return { ...recording, format, model: modelOf(recording), choices: choicesOf(recording) };
    }),
  );
}

function modelOf({ url, request }: RecordedExchange): string {
  return typeof request.model === "string" ? request.model : (/models\/([^:/?]+):/.exec(url)?.[1] ?? "model");
}

/**
 * Gemini streams a JSON array to those who do not ask for events. The gateway asks for events, as the readers do, so
 * that is how such a recording is replayed.
 */
function asEvents(recording: RecordedExchange): RecordedExchange {
  if (!recording.stream || !recording.body.startsWith("[")) return recording;
  const chunks = JSON.parse(recording.body) as unknown[];
  return {
    ...recording,
    content_type: "text/event-stream",
    body: chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`).join(""),
  };
}

/** Names of the enumerations' values that were recorded as numbers. */
const NAMES = {
  finishReason: ["FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY"],
  modality: ["MODALITY_UNSPECIFIED", "TEXT", "IMAGE"],
  trafficType: ["TRAFFIC_TYPE_UNSPECIFIED", "ON_DEMAND", "PROVISIONED_THROUGHPUT"],
} as const;

/** One recorder kept Gemini's answers as its client library has them, where enumerations are numbers. */
function asNames(recording: RecordedExchange): RecordedExchange {
  if (!/"finishReason": ?\d/.test(recording.body)) return recording;
  const body: unknown = JSON.parse(recording.body, (key, value: unknown) =>
    typeof value === "number" && key in NAMES ? NAMES[key as keyof typeof NAMES][value] : value,
  );
  return { ...recording, body: JSON.stringify(body) };
}

function choicesOf({ body }: RecordedExchange): number {
  let most = 0;
  for (const value of jsonIn(body)) {
    const { choices, candidates } = value as Record<string, unknown>;
    for (const list of [choices, candidates])
      if (Array.isArray(list)) for (const { index } of list) most = Math.max(most, Number(index ?? 0));
  }
  return most + 1;
}

/** The JSON objects of a body, whole or in its events. */
function jsonIn(body: string): object[] {
  const texts = body.trimStart().startsWith("{")
    ? [body]
    : body.split("\n").flatMap((line) => (line.startsWith("data: {") ? [line.slice("data: ".length)] : []));
  return texts.map((text) => JSON.parse(text) as object);
}
