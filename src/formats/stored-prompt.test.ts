import { describe, expect, test } from "bun:test";
import type { Format } from "../exchange/formats.ts";
import { FORMAT_MODULES } from "./registry.ts";
import { readRequestFields } from "./request-fields.ts";

const found = (text: string, format: Format = "openai-responses") =>
  readRequestFields(Buffer.from(text), FORMAT_MODULES[format].templatePlaces, format).storedPrompt;

describe("a stored prompt", () => {
  test("is a place with its id, version and variables", () => {
    expect(found('{"prompt":{"id":"p","version":"2","variables":{"a":"b"}},"input":"q"}')).toEqual({
      path: "prompt",
      template_id: "p",
      version: "2",
      variables: { a: "b" },
      spot: null,
    });
    expect(found('{"prompt":{"id":7}}')).toEqual({ path: "prompt", template_id: 7, spot: null });
    expect(found('{"prompt":{"id":"p","version":null,"variables":"x"}}')).toEqual({
      path: "prompt",
      template_id: "p",
      version: null,
      variables: "x",
      spot: null,
    });
  });

  test("has the texts of variables that are text parts, and other parts as they came", () => {
    const image = { type: "input_image", image_url: "u" };
    const text = { type: "input_text", text: "T" };
    const variables = { a: text, b: image, c: "s", d: null, e: [text], f: { type: "input_text", text: 1 } };
    expect(found(JSON.stringify({ prompt: { id: "p", variables } }))?.variables).toEqual({
      ...variables,
      a: "T",
    });
  });

  test("keeps variables of any name", () => {
    const place = found(
      '{"prompt":{"id":"p","variables":{"__proto__":"x","constructor":{"type":"input_text","text":"y"}}}}',
    );
    expect(Object.entries(place?.variables as object)).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
  });

  test.each([
    "{}",
    '{"prompt":null}',
    '{"prompt":"text"}',
    '{"prompt":["id"]}',
    '{"prompt":{}}',
    '{"input":[{"prompt":{"id":"p"}}]}',
  ])("is not in %s", (text) => expect(found(text)).toBeNull());

  test("is looked for in Responses alone, and the last of several counts", () => {
    const text = '{"prompt":{"id":"p"}}';
    for (const format of ["openai-chat", "anthropic-messages", "gemini"] as const)
      expect(found(text, format)).toBeNull();
    expect(readRequestFields(Buffer.from(text), {}).storedPrompt).toBeNull();
    expect(found('{"prompt":{"id":"a"},"prompt":{"id":"b"}}')?.template_id).toBe("b");
    expect(found('{"prompt":{"id":"a"},"prompt":null}')).toBeNull();
  });

  test("that is malformed is refused with the body", () => {
    expect(() => found('{"prompt":{"id":01}}')).toThrow(SyntaxError);
    expect(() => found('{"prompt":{"id" "p"}}')).toThrow(SyntaxError);
  });
});
