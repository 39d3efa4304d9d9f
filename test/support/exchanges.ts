import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A recorded request to a provider with its answer; test/fixtures/exchanges/README.md describes the fields. */
export interface RecordedExchange {
  readonly id: string;
  readonly url: string;
  readonly request: Record<string, unknown>;
  readonly status: number;
  readonly content_type: string;
  readonly stream: boolean;
  readonly features: readonly string[];
  readonly body: string;
}

export const RECORDINGS = {
  "openai-chat": "chat",
  "openai-responses": "responses",
  "anthropic-messages": "anthropic",
  gemini: "gemini",
} as const;

const FOLDER = join(import.meta.dirname, "../fixtures/exchanges");

/** The recordings of a format in `folder`, a path; those of the tests unless given. */
export function recordedExchanges(format: keyof typeof RECORDINGS, folder = FOLDER): RecordedExchange[] {
  const lines = readFileSync(join(folder, `${RECORDINGS[format]}.jsonl`), "utf8")
    .trimEnd()
    .split("\n");
  return lines.map((line) => {
    const recording = JSON.parse(line) as RecordedExchange & { content_type: string | null };
    const type = recording.body.startsWith("{") ? "application/json" : "text/event-stream";
    return { ...recording, content_type: recording.content_type ?? type };
  });
}
