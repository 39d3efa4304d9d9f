import { FORMATS, type Format } from "./stream-shapes.ts";

/** One way through the gateway: a client's format, and the one that the target speaks. */
export interface Pair {
  readonly client: Format;
  readonly target: Format;
  readonly metric: string;
}

/** Native pairs are there for comparison: nothing is converted in them. */
export const PAIRS: readonly Pair[] = FORMATS.flatMap((client) =>
  FORMATS.map((target) => ({ client, target, metric: pairMetric(client, target) })),
);

export function pairMetric(client: Format, target: Format): string {
  return `converted_chunk_cpu_us ${client} ${target}`;
}

/** Provider names of the benchmark's configuration, one for each format. */
export const providerOf = (format: Format): string => `mock-${format}`;

const TRACKING = { agent_id: "bench", run_id: "run-1", thread_id: "thread-1", tags: ["bench"] };
const TEXT = "x".repeat(800);

/** Path and body of a streamed request of 1 KB in the client's format. */
export function streamedRequest(pair: Pair, chunks: number): { path: string; body: string } {
  const model = `${providerOf(pair.target)}/m`;
  const message = { role: "user", content: TEXT };
  switch (pair.client) {
    case "openai-chat":
      return {
        path: "/v1/chat/completions",
        body: body({ model, stream: true, max_tokens: chunks, messages: [message] }),
      };
    case "openai-responses":
      return {
        path: "/v1/responses",
        body: body({ model, stream: true, max_output_tokens: chunks, input: [message] }),
      };
    case "anthropic-messages":
      return {
        path: "/v1/messages",
        body: body({ model, stream: true, max_tokens: chunks, messages: [message] }),
      };
    case "gemini": {
      const contents = [{ role: "user", parts: [{ text: TEXT }] }];
      return {
        path: `/v1beta/models/${model}:streamGenerateContent?alt=sse`,
        body: body({ contents, generationConfig: { maxOutputTokens: chunks } }),
      };
    }
  }
}

const body = (fields: object) => JSON.stringify({ ...fields, ...TRACKING });
