import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { GatewayError } from "../exchange/errors.ts";
import type { Format } from "../exchange/formats.ts";
import { callOfPath } from "./call.ts";
import { identify } from "./identify.ts";
import { FORMAT_MODULES } from "./registry.ts";
import {
  type RequestFields,
  readRequestFields,
  rewriteBody,
  TRACKING_FIELDS,
  withModel,
} from "./request-fields.ts";

const FORMATS = Object.keys(FORMAT_MODULES) as Format[];
const placesOf = (format: Format) => FORMAT_MODULES[format].templatePlaces;
const read = (text: string, format: Format = "openai-chat"): RequestFields =>
  readRequestFields(Buffer.from(text), placesOf(format), format);

/** The body as it goes upstream. */
function passed(text: string, format: Format = "openai-chat", model: string | null = null): string {
  const body = Buffer.from(text);
  return rewriteBody(body, readRequestFields(body, placesOf(format), format), model)
    .toBytes()
    .toString();
}

const space = fc.constantFrom("", " ", "\n  ", "\t");
const value = fc.oneof(
  fc.jsonValue().map((json) => JSON.stringify(json)),
  fc.constantFrom(
    "1e400",
    "-0",
    "1.0",
    "0.10",
    "123456789012345678901",
    '"\\u00e9\\/"',
    '"tags"',
    '{"tags":[1],"run_id":2}',
  ),
);
const otherKey = fc.constantFrom(
  "messages",
  "temperature",
  "metadata",
  "seed",
  "thread",
  "tag",
  "user",
  "é",
  "Tags",
  "",
);
const own = fc.tuple(fc.constantFrom(...TRACKING_FIELDS), value, fc.constant(true));
const other = fc.tuple(otherKey, value, fc.constant(false));

describe("tracking fields", () => {
  test("anywhere at the top are taken out, and no other byte is changed", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(own, other), { maxLength: 10 }), space, (list, gap) => {
        const write = (fields: typeof list) =>
          fields.map(([key, text]) => `${JSON.stringify(key)}${gap}:${gap}${text}`);
        const text = `${gap}{${gap}${write(list).join(`${gap},${gap}`)}${gap}}${gap}`;
        const kept = list.filter(([, , isOwn]) => !isOwn);
        const result = passed(text);
        expect(JSON.parse(result)).toEqual(JSON.parse(`{${write(kept).join(",")}}`));
        for (const member of write(kept)) expect(result).toContain(member);
        if (kept.length === list.length) expect(result).toBe(text);
        // Nothing but the taken members, and the commas and spaces about them, is missing.
        const bare = (json: string) => json.replace(/[\s,]/g, "");
        expect(bare(result)).toBe(bare(`{${write(kept).join("")}}`));
      }),
    );
  });

  test("are told as they were sent; of a repeated one the last counts, and all are taken out", () => {
    const text = '{"tags":["a"],"run_id":1,"x":0,"tags":{"b":2},"agent_id":null,"thread_id":"t\\u00e9"}';
    expect(read(text).tracking).toEqual({ tags: { b: 2 }, run_id: 1, agent_id: null, thread_id: "té" });
    expect(passed(text)).toBe('{"x":0}');
  });

  test("are found behind escapes, as an upstream would find them", () => {
    expect(passed('{"run\\u005fid":"r","a":1}')).toBe('{"a":1}');
    expect(read('{"mod\\u0065l":"m"}').model).toBe("m");
  });

  test("are left where they are not at the top: in messages, tools, arguments, metadata and strings", () => {
    const text = JSON.stringify({
      model: "m",
      messages: [
        { role: "user", content: '{"run_id": "r", "tags": []}', run_id: "r", tags: ["x"] },
        {
          role: "assistant",
          tool_calls: [{ function: { name: "f", arguments: '{"template":"t"}', variables: {} } }],
        },
        { role: "user", content: [{ type: "text", text: '"template_id"', tags: 1 }] },
      ],
      tools: [
        {
          type: "function",
          function: {
            parameters: { properties: { template: { type: "string" }, variables: {}, tags: {}, run_id: {} } },
          },
        },
      ],
      metadata: { run_id: "r", template: "t", template_id: 1, variables: {}, tags: [] },
      response_format: { json_schema: { schema: { properties: { messages: [{ template: "x" }] } } } },
    });
    for (const format of FORMATS) expect(passed(text, format)).toBe(text);
  });
});

describe("template fields", () => {
  const PLACES: [Format, string, string, string[]][] = [
    [
      "openai-chat",
      '{"messages":[{"role":"system","template":"t","content":"c"},{"template_id":7,"role":"user"},{"content":[{"variables":{"a":1},"type":"text"}]}]}',
      '{"messages":[{"role":"system","content":"c"},{"role":"user"},{"content":[{"type":"text"}]}]}',
      ["messages[0]", "messages[1]", "messages[2].content[0]"],
    ],
    [
      "openai-responses",
      '{"input":[{"role":"user","template_id":"x","content":[{"type":"input_text","template":"t"}]}],"instructions":{"template":"i"}}',
      '{"input":[{"role":"user","content":[{"type":"input_text"}]}],"instructions":{}}',
      ["input[0]", "input[0].content[0]", "instructions"],
    ],
    [
      "anthropic-messages",
      '{"system":[{"type":"text","variables":{}}],"messages":[{"content":{"template":"t"},"role":"user"}]}',
      '{"system":[{"type":"text"}],"messages":[{"content":{},"role":"user"}]}',
      ["system[0]", "messages[0].content"],
    ],
    [
      "gemini",
      '{"contents":{"parts":[{"template":"a"}]},"systemInstruction":{"template":"b","parts":{"variables":1}},"system_instruction":{"template":"c"}}',
      '{"contents":{"parts":[{}]},"systemInstruction":{"parts":{}},"system_instruction":{}}',
      ["contents.parts[0]", "systemInstruction", "systemInstruction.parts", "system_instruction"],
    ],
  ];

  test.each(PLACES)(
    "of %s are taken out of their places, and their places told",
    (format, text, expected, paths) => {
      expect(passed(text, format)).toBe(expected);
      expect(read(text, format).templates.map(({ path }) => path)).toEqual(paths);
    },
  );

  test("are told with their values", () => {
    expect(read('{"messages":[{"template_id":"t1","variables":{"a":[1]}}]}').templates).toMatchObject([
      { path: "messages[0]", template_id: "t1", variables: { a: [1] } },
    ]);
  });

  test("are taken out though only one of them is there", () => {
    for (const name of ["template", "template_id", "variables"])
      expect(passed(`{"messages":[{"${name}":1,"role":"user"}]}`)).toBe('{"messages":[{"role":"user"}]}');
  });

  test("of any type are told, and taken out", () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    for (const value of [
      "7",
      "{}",
      "[]",
      "null",
      '"x"',
      '"\\ud800"',
      '{"__proto__":{"a":1},"constructor":1}',
      deep,
    ]) {
      const text = `{"messages":[{"role":"user","template_id":${value},"template":${value},"variables":${value}}]}`;
      expect(passed(text)).toBe('{"messages":[{"role":"user"}]}');
      const [place] = read(text).templates;
      expect(place?.template_id).not.toBeUndefined();
      if (value !== deep) expect(place?.variables).toEqual(JSON.parse(value));
    }
  });

  test("that are malformed inside are refused", () => {
    for (const value of ["01", "tru", '{"a":}', "[1,]", '"\\x"', '{"a" 1}'])
      expect(() => read(`{"messages":[{"template":${value}}]}`)).toThrow();
  });

  test("are left at the top, where no format has them", () => {
    const text = '{"template":"t","variables":{},"messages":[]}';
    for (const format of FORMATS) expect(passed(text, format)).toBe(text);
  });
});

describe("the model", () => {
  test.each([
    ['{"model":"m"}', "m"],
    ['{"model":"a","x":1,"model":"b"}', "b"],
    ['{"model":"\\u006d\\/x"}', "m/x"],
    ['{"model":null}', null],
    ['{"model":7}', null],
    ['{"model":"a","model":7}', null],
    ['{"messages":[{"model":"m"}]}', null],
    ["{}", null],
  ])("of %s is %j", (text, model) => expect(read(text).model).toBe(model));

  test("is replaced wherever it stands at the top, and nowhere else", () => {
    const text = '{ "model" : "a/b", "messages":[{"model":"a/b"}], "run_id":"r", "model":"a/b" }';
    expect(passed(text, "openai-chat", 'é"x')).toBe(
      '{ "model" : "é\\"x", "messages":[{"model":"a/b"}], "model":"é\\"x" }',
    );
    expect(passed('{"model":"same"}', "openai-chat", "same")).toBe('{"model":"same"}');
  });

  test("is put in where the body has none, but in Gemini's, which has it in the path", () => {
    for (const format of ["openai-chat", "openai-responses", "anthropic-messages"] as const) {
      expect(passed('{ "a":1}', format, "b")).toBe('{"model":"b", "a":1}');
      expect(passed("{}", format, "b")).toBe('{"model":"b"}');
      expect(passed('{"run_id":1,"strict":true}', format, "b")).toBe('{"model":"b"}');
      expect(passed('{"run_id":1,"a":2}', format, "b")).toBe('{"model":"b","a":2}');
      expect(passed('{"a":1}', format, null)).toBe('{"a":1}');
    }
    expect(passed('{"a":1}', "gemini", "b")).toBe('{"a":1}');
    expect(rewriteBody(Buffer.from("{}"), readRequestFields(Buffer.from("{}"), {}), "b").length).toBe(2);
  });

  test("that the gateway chose replaces what is written, under the name that the target has for it", () => {
    const rewritten = (
      text: string,
      chosen: string,
      target: string | null,
      format: Format = "openai-chat",
    ) => {
      const body = Buffer.from(text);
      const fields = withModel(readRequestFields(body, placesOf(format), format), chosen);
      expect(fields.model).toBe(chosen);
      return rewriteBody(body, fields, target).toBytes().toString();
    };
    expect(rewritten('{"model":"a"}', "p/b", "b")).toBe('{"model":"b"}');
    expect(rewritten('{"model":"a"}', "p/b", null)).toBe('{"model":"p/b"}');
    expect(rewritten('{"model":"a"}', "p/a", "a")).toBe('{"model":"a"}');
    expect(rewritten('{"x":1}', "b", null)).toBe('{"model":"b","x":1}');
    expect(rewritten('{"model":null}', "b", "b")).toBe('{"model":"b"}');
    expect(rewritten('{"x":1}', "b", null, "gemini")).toBe('{"x":1}');
  });

  test("is replaced beside fields that are taken out", () => {
    expect(passed('{"tags":1,"model":"a","run_id":2}', "openai-chat", "b")).toBe('{"model":"b"}');
    expect(passed('{"model":"a"}', "openai-chat", "b")).toBe('{"model":"b"}');
  });
});

test.each([
  ['{"stream":true}', true],
  ['{"stream": true }', true],
  ['{"stream":false}', false],
  ['{"stream":"true"}', false],
  ["{}", false],
])("%s streams: %p", (text, expected) => expect(read(text).stream).toBe(expected));

describe("what is no JSON object", () => {
  const BAD = [
    "",
    " ",
    "[]",
    "null",
    '"x"',
    "7",
    "{",
    '{"a":1',
    '{"a":1}}',
    '{"a":1} x',
    '{"a":1}{"model":"b"}',
    "{} {}",
    '{"model":"x}',
    '\ufeff{"a":1}',
    '{"model":"\\x"}',
    '{"tags":{]}',
  ];

  test.each(BAD)("%j is refused", (text) => expect(() => read(text)).toThrow());

  test("is refused with malformed_body where it must be read, and passed over elsewhere", () => {
    const call = callOfPath("v1/chat/completions");
    for (const text of BAD) {
      expect(() => identify(Buffer.from(text), call, true)).toThrow(GatewayError);
      expect(identify(Buffer.from(text), call, false)).toBeNull();
    }
    expect(identify(Buffer.from("no JSON"), callOfPath("v1/files"), true)).toBeNull();
  });

  test("a million levels deep, whole or cut, harms nothing", () => {
    const deep = `${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}`;
    const text = `{"model":"m","messages":${deep},"x":1,"run_id":"r"}`;
    expect(passed(text)).toBe(`{"model":"m","messages":${deep},"x":1}`);
    expect(() => read(text.slice(0, -30))).toThrow();
    expect(passed(`{"a":1,"tags":${deep}}`)).toBe('{"a":1}');
  });
});
