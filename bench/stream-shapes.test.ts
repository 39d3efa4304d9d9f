import { afterAll, describe, expect, test } from "bun:test";
import { Assembler } from "../src/exchange/assemble.ts";
import { CODECS } from "../src/formats/codecs.ts";
import { parseEvent, type SseEvent } from "../src/lib/sse.ts";
import { startMockUpstream } from "./mock-upstream.ts";
import { FORMATS, type Format, formatOfPath } from "./stream-shapes.ts";

const upstream = startMockUpstream(0);
afterAll(() => upstream.stop());

const PATHS: Record<Format, string> = {
  "openai-chat": "/v1/chat/completions",
  "openai-responses": "/v1/responses",
  "anthropic-messages": "/v1/messages",
  gemini: "/v1beta/models/m:streamGenerateContent?alt=sse",
};

async function streamed(format: Format): Promise<SseEvent[]> {
  const response = await fetch(`http://127.0.0.1:${upstream.port}${PATHS[format]}`, {
    method: "POST",
    body: JSON.stringify({ model: "m", stream: true, max_tokens: 5 }),
  });
  const text = await response.text();
  return text.split("\n\n").filter(Boolean).map(parseEvent);
}

describe("the mock provider's streams", () => {
  test.each(FORMATS)("of %s are told by the path, and hold the texts asked for", async (format) => {
    expect(formatOfPath(PATHS[format])).toBe(format);
    const events = await streamed(format);
    expect(
      events.filter(
        ({ data }) => data.includes('"hello world"') && (format === "gemini" || data.includes('"delta"')),
      ),
    ).toHaveLength(4);
  });

  test.each(FORMATS)("of %s are read as whole answers", async (format) => {
    const reader = CODECS[format].generate.createStreamReader();
    const assembler = new Assembler();
    for (const event of await streamed(format)) for (const told of reader.push(event)) assembler.take(told);
    for (const told of reader.end()) assembler.take(told);
    const { response, complete } = assembler.result();
    expect(complete).toBe(true);
    expect(response.choices[0]!.parts).toMatchObject([{ kind: "text", text: "hello world".repeat(4) }]);
    expect(response.choices[0]!.finish).toBe("stop");
  });
});
