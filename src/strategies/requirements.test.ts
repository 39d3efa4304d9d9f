import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Format } from "../exchange/formats.ts";
import { estimateTextTokens } from "../tokens/estimate.ts";
import { requirementsOf } from "./requirements.ts";

const needs = (format: Format, request: unknown, indent?: number) =>
  requirementsOf(Buffer.from(JSON.stringify(request, null, indent)), format);
const DATA = "A".repeat(40_000);

const IMAGES: [Format, unknown][] = [
  [
    "openai-chat",
    {
      messages: [
        {
          role: "user",
          content: [{ type: "image_url", image_url: { url: `data:image/png;base64,${DATA}` } }],
        },
      ],
    },
  ],
  [
    "openai-responses",
    { input: [{ content: [{ type: "input_image", image_url: `data:image/png;base64,${DATA}` }] }] },
  ],
  [
    "anthropic-messages",
    {
      messages: [
        { content: [{ type: "image", source: { type: "base64", media_type: "image/png", data: DATA } }] },
      ],
    },
  ],
  ["gemini", { contents: [{ parts: [{ inlineData: { data: DATA, mimeType: "image/png" } }] }] }],
];

describe("images", () => {
  test.each(IMAGES)(
    "in %s are found, with spaces too, and count as images and not as text",
    (format, request) => {
      for (const indent of [undefined, 2]) {
        const found = needs(format, request, indent);
        expect(found.media).toEqual(["image"]);
        expect(found.inputTokens).toBeWithin(1_000, 1_200);
        expect(found.leastInputTokens).toBeLessThan(100);
      }
    },
  );

  test.each(IMAGES)("in the words of a prompt in %s are none", (format, request) => {
    const text = JSON.stringify(request);
    expect(needs(format, { messages: [{ role: "user", content: text }] }).media).toEqual([]);
    expect(
      needs(format, { tools: [{ parameters: { properties: { image_url: { type: "string" } } } }] }).media,
    ).toEqual([]);
  });
});

test("files and sound are found", () => {
  expect(
    needs("openai-chat", { content: [{ type: "file", file: {} }, { type: "input_audio" }] }).media,
  ).toEqual(["audio", "file"]);
  expect(needs("openai-responses", { input: [{ type: "input_file" }] }).media).toEqual(["file"]);
  const document = (media_type: string) => ({
    content: [{ type: "document", source: { type: "base64", media_type, data: DATA } }],
  });
  expect(needs("anthropic-messages", document("application/pdf"))).toMatchObject({ media: ["file"] });
  expect(needs("anthropic-messages", document("text/plain")).media).toEqual([]);
  const parts = ["audio/wav", "video/mp4", "application/pdf", "text/csv"].map((mime_type) => ({
    file_data: { mime_type, file_uri: "x" },
  }));
  expect(needs("gemini", { contents: [{ parts }] }).media).toEqual(["audio", "video", "file"]);
});

test.each<[Format, object, boolean]>([
  ["openai-chat", { tools: [{ type: "function" }] }, true],
  ["openai-chat", { functions: [{ name: "f" }] }, true],
  ["openai-chat", { tools: [] }, false],
  ["openai-chat", { tools: ["a"], metadata: { tools: "[{" } }, false],
  ["openai-chat", { content: 'x "tools":[{}] y' }, false],
  ["openai-responses", { tools: [{ type: "web_search" }] }, true],
  ["anthropic-messages", { tools: [{ name: "f" }] }, true],
  ["gemini", { tools: [{ functionDeclarations: [] }] }, true],
])("tools of %s %j: %p", (format, request, expected) => {
  expect(needs(format, request).tools).toBe(expected);
  expect(needs(format, request, 2).tools).toBe(expected);
});

test.each<[Format, object, boolean]>([
  ["openai-chat", { response_format: { type: "json_schema", json_schema: {} } }, true],
  ["openai-chat", { response_format: { type: "json_object" } }, false],
  ["openai-responses", { text: { format: { type: "json_schema" } } }, true],
  ["anthropic-messages", { output_config: { format: { type: "json_schema" } } }, true],
  ["gemini", { generationConfig: { responseSchema: {} } }, true],
  ["gemini", { generationConfig: { responseMimeType: "application/json" } }, false],
])("a schema of %s %j: %p", (format, request, expected) => {
  expect(needs(format, request).structured).toBe(expected);
});

test.each<[Format, object, boolean]>([
  ["openai-chat", { reasoning_effort: "low" }, true],
  ["openai-chat", { reasoning_effort: "none" }, false],
  ["openai-responses", { reasoning: { effort: "high" } }, true],
  ["openai-responses", { reasoning: { summary: "auto" } }, false],
  ["anthropic-messages", { thinking: { type: "enabled", budget_tokens: 1024 } }, true],
  ["anthropic-messages", { thinking: { type: "disabled" } }, false],
  ["gemini", { generationConfig: { thinkingConfig: { thinkingBudget: 0 } } }, false],
  ["gemini", { generationConfig: { thinkingConfig: { thinkingBudget: 512 } } }, true],
  ["gemini", { generationConfig: { thinkingConfig: { thinkingLevel: "high" } } }, true],
])("reasoning of %s %j: %p", (format, request, expected) => {
  expect(needs(format, request).reasoning).toBe(expected);
});

test.each<[Format, object, number | null]>([
  ["openai-chat", { max_completion_tokens: 4096 }, 4096],
  ["openai-chat", { max_tokens: null }, null],
  ["openai-responses", { max_output_tokens: 10 }, 10],
  ["anthropic-messages", { max_tokens: 64000 }, 64000],
  ["gemini", { generationConfig: { maxOutputTokens: 7 } }, 7],
  ["openai-chat", { max_tokens: -5 }, null],
  ["openai-chat", { max_tokens: 123456789012 }, null],
])("the most output of %s %j: %p", (format, request, expected) => {
  expect(needs(format, request).outputTokens).toBe(expected);
});

test("a body that is no JSON, cut anywhere, or of hostile repetition is looked at without harm", () => {
  const whole = Buffer.from(JSON.stringify(IMAGES[0]![1]));
  for (let cut = 0; cut < 120; cut++) requirementsOf(whole.subarray(0, cut), "openai-chat");
  expect(requirementsOf(Buffer.alloc(0), "gemini")).toMatchObject({
    inputTokens: 0,
    media: [],
    tools: false,
  });
  for (const piece of ['"image"', '"type":"image_ur"', '"tools":[', '"data":"', ";base64,", '"mimeType":"']) {
    const body = Buffer.from(piece.repeat(100_000));
    for (const format of ["openai-chat", "anthropic-messages", "gemini"] as const) {
      const begun = performance.now();
      requirementsOf(body, format);
      expect(performance.now() - begun).toBeLessThan(50);
    }
  }
});

test("recorded requests are understood as their parsed bodies say", () => {
  const files: [string, Format, RegExp][] = [
    ["chat", "openai-chat", /"type":"image_url"/],
    ["responses", "openai-responses", /"type":"input_image"/],
    ["anthropic", "anthropic-messages", /"type":"image"/],
    ["gemini", "gemini", /"mime_?[tT]ype":"image\//],
  ];
  let withTools = 0;
  for (const [file, format, image] of files) {
    const lines = readFileSync(`${import.meta.dir}/../../test/fixtures/exchanges/${file}.jsonl`, "utf8");
    for (const line of lines.trim().split("\n")) {
      const { request } = JSON.parse(line) as { request: { tools?: unknown[]; functions?: unknown[] } };
      const found = needs(format, request);
      expect(found.tools).toBe((request.tools ?? request.functions ?? []).length > 0);
      expect(found.media.includes("image")).toBe(image.test(JSON.stringify(request)));
      withTools += Number(found.tools);
    }
  }
  expect(withTools).toBeGreaterThan(10);
});

test("a long prompt has at least as many tokens as are told of it, in any language and however it is written", async () => {
  const texts = [
    "The quick brown fox jumps over the lazy dog while the sun sets slowly behind the mountains. ",
    "Международные организации играют важную роль в развитии современного общества и государства. ",
    "अंतरराष्ट्रीय संगठन आधुनिक समाज और राज्य के विकास में महत्वपूर्ण भूमिका निभाते हैं। ",
    "国际组织在现代社会和国家的发展中发挥着重要作用，并确保各国之间的合作。",
    "                    if (value !== undefined && value.length > 0) {\n                        return value;\n",
  ];
  for (const text of texts) {
    const content = text.repeat(200);
    const tokens = await estimateTextTokens(content);
    const json = JSON.stringify({ messages: [{ role: "user", content }] });
    const escaped = json.replace(
      /[\u0080-\uffff]/g,
      (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    for (const body of [json, escaped]) {
      const { inputTokens, leastInputTokens } = requirementsOf(Buffer.from(body), "openai-chat");
      expect(leastInputTokens).toBeLessThanOrEqual(tokens);
      expect(leastInputTokens).toBeGreaterThan(tokens / 8);
      expect(inputTokens / tokens).toBeWithin(0.6, 2.5);
    }
  }
});
