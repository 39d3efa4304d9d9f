import { describe, expect, test } from "bun:test";
import type { Format } from "../exchange/formats.ts";
import { FORMAT_MODULES } from "./registry.ts";
import { readRequestFields, rewriteBody } from "./request-fields.ts";
import { parametersNotSet, withFillings, withParameters } from "./templated.ts";

const FORMATS = Object.keys(FORMAT_MODULES) as Format[];

/** The body after each of these sets of parameters was put in. */
function put(format: Format, text: string, ...sets: Readonly<Record<string, unknown>>[]): string {
  const body = Buffer.from(text);
  let fields = readRequestFields(body, FORMAT_MODULES[format].templatePlaces, format);
  for (const parameters of sets) fields = withParameters(body, fields, format, parameters);
  const result = rewriteBody(body, fields, null).toBytes().toString();
  JSON.parse(result);
  return result;
}

const COMMON = { temperature: 0.2, top_p: 0.5, max_tokens: 9, stop: "x", seed: 1, reasoning_effort: "low" };

describe("parameters", () => {
  test.each<[Format, string, string]>([
    [
      "openai-chat",
      '{ "messages":[], "temperature" : 1.0 }',
      '{"top_p":0.5,"max_tokens":9,"stop":"x","seed":1,"reasoning_effort":"low", "messages":[], "temperature" : 0.2 }',
    ],
    [
      "openai-responses",
      '{"reasoning":{ "summary":"auto" },"input":"é"}',
      '{"temperature":0.2,"top_p":0.5,"max_output_tokens":9,"reasoning":{"effort":"low", "summary":"auto" },"input":"é"}',
    ],
    [
      "anthropic-messages",
      '{"max_tokens":1e3,"output_config":7}',
      '{"temperature":0.2,"top_p":0.5,"stop_sequences":["x"],"max_tokens":9,"output_config":{"effort":"low"}}',
    ],
    [
      "gemini",
      "{}",
      '{"generationConfig":{"temperature":0.2,"topP":0.5,"maxOutputTokens":9,"stopSequences":["x"],"seed":1,"thinkingConfig":{"thinkingLevel":"LOW"}}}',
    ],
    [
      "gemini",
      '{"generation_config":{"top_p":1.0,"thinking_config":{"thinking_budget":-1, "include_thoughts":true}, "stopSequences":[]}}',
      '{"generation_config":{"temperature":0.2,"maxOutputTokens":9,"seed":1,"top_p":0.5,"thinking_config":{"thinking_budget":1024, "include_thoughts":true}, "stopSequences":["x"]}}',
    ],
  ])("of Chat are named as %s does in %s", (format, text, expected) =>
    expect(put(format, text, COMMON)).toBe(expected),
  );

  test.each(["max_tokens", "max_completion_tokens", "max_output_tokens"])(
    "%s is each format's limit",
    (name) => {
      expect(put("openai-chat", '{"max_completion_tokens":1}', { [name]: 2 })).toBe(
        '{"max_completion_tokens":2}',
      );
      expect(put("openai-chat", '{"max_tokens":1}', { [name]: 2 })).toBe('{"max_tokens":2}');
      expect(put("openai-responses", "{}", { [name]: 2 })).toBe('{"max_output_tokens":2}');
      expect(put("anthropic-messages", '{"max_tokens":1}', { [name]: 2 })).toBe('{"max_tokens":2}');
      expect(put("gemini", '{"generationConfig":{"max_output_tokens":1}}', { [name]: 2 })).toBe(
        '{"generationConfig":{"max_output_tokens":2}}',
      );
    },
  );

  test("of another name are set at the top as they are, and replace what is there", () => {
    const values = { service_tier: "flex", metadata: { a: [1] }, "é ü": null, __proto__x: 1 };
    for (const format of FORMATS)
      expect(put(format, '{"é ü":1, "metadata" : {"b":2} }', values)).toBe(
        '{"service_tier":"flex","__proto__x":1,"é ü":null, "metadata" : {"a":[1]} }',
      );
  });

  test("named __proto__ or constructor are members like others", () => {
    const values = JSON.parse('{"__proto__":{"a":1},"constructor":2,"toString":3}');
    for (const format of FORMATS)
      expect(put(format, '{"a":0}', values)).toBe('{"__proto__":{"a":1},"constructor":2,"toString":3,"a":0}');
  });

  test("that the API has not are left out", () => {
    expect(put("openai-responses", '{"a":0}', { seed: 1, stop: "x", n: 2 })).toBe('{"a":0}');
    expect(put("anthropic-messages", '{"a":0}', { seed: 1, presence_penalty: 1, logprobs: true })).toBe(
      '{"a":0}',
    );
    expect(put("gemini", '{"a":0}', { logit_bias: {} })).toBe('{"a":0}');
  });

  test("never are the conversation, the model, the stream, or the gateway's own fields", () => {
    const never = Object.fromEntries(
      [
        ...["model", "stream", "stream_options", "messages", "input", "instructions", "prompt", "contents"],
        ...["system", "systemInstruction", "system_instruction", "conversation", "previous_response_id"],
        ...["template", "template_id", "variables", "run_id", "tags", "thread_id", "strict"],
      ].map((name) => [name, "no"]),
    );
    const text = '{"model":"m","messages":[]}';
    for (const format of FORMATS) expect(put(format, text, never)).toBe(text);
  });

  test("given a second time are added to those before, and replace those of one name", () => {
    expect(put("gemini", '{"contents":[]}', { seed: 1, temperature: 0 }, { seed: 2, topK: 3 })).toBe(
      '{"generationConfig":{"seed":2,"temperature":0,"topK":3},"contents":[]}',
    );
    expect(put("openai-chat", '{"seed":0}', { seed: 1 }, {}, { seed: 2 })).toBe('{"seed":2}');
  });

  test("of Gemini's own group are set one by one", () => {
    expect(
      put("gemini", '{"generationConfig":{"topP":1, "x":1.0}}', {
        generationConfig: { topP: 0, maxOutputTokens: 3, y: 4 },
        top_p: 0.5,
      }),
    ).toBe('{"generationConfig":{"maxOutputTokens":3,"y":4,"topP":0.5, "x":1.0}}');
  });

  test("for what is inside an object join that object where both are given", () => {
    for (const values of [
      { reasoning: { summary: "auto" }, reasoning_effort: "low" },
      { reasoning_effort: "low", reasoning: { summary: "auto" } },
    ])
      expect(put("openai-responses", "{}", values)).toBe('{"reasoning":{"summary":"auto","effort":"low"}}');
  });

  test("are put in beside texts", () => {
    const body = Buffer.from('{"messages":[{"template_id":"t"}],"run_id":"r"}');
    const format = "anthropic-messages";
    const fields = readRequestFields(body, FORMAT_MODULES[format].templatePlaces, format);
    const messages = [
      { role: "system", text: "S" },
      { role: "user", text: "U" },
    ] as const;
    const fillings = [{ place: fields.templates[0]!, messages }];
    const expected = {
      system: "S",
      messages: [{ role: "user", content: "U" }],
      temperature: 1,
      model: "m",
    };
    const first = withFillings(
      body,
      withParameters(body, fields, format, { temperature: 1 }),
      format,
      fillings,
    );
    const second = withParameters(body, withFillings(body, fields, format, fillings), format, {
      temperature: 1,
    });
    for (const each of [first, second])
      expect(JSON.parse(rewriteBody(body, each, "m").toBytes().toString())).toEqual(expected);
  });

  test("take the place of all members of one name, also behind escapes", () => {
    expect(put("openai-chat", '{"seed":1,"a":0,"se\\u0065d":2}', { seed: 3 })).toBe('{"a":0,"se\\u0065d":3}');
  });

  test("that JSON has no place for are passed over, and nothing is a change", () => {
    const body = Buffer.from('{"seed":1}');
    const fields = readRequestFields(body, {}, "openai-chat");
    expect(withParameters(body, fields, "openai-chat", {})).toBe(fields);
    expect(put("openai-chat", '{"seed":1}', { seed: undefined })).toBe('{"seed":1}');
  });
});

describe("parameters that a body does not set", () => {
  const left = (format: Format, body: object, parameters: Record<string, unknown>) =>
    Object.keys(parametersNotSet(Buffer.from(JSON.stringify(body)), format, parameters));

  test("are told by what the API calls them, wherever it has them", () => {
    const limit = { max_tokens: 1 };
    expect(left("openai-responses", { max_output_tokens: 5 }, limit)).toEqual([]);
    expect(left("openai-chat", { max_completion_tokens: 5 }, limit)).toEqual([]);
    expect(left("anthropic-messages", { stop_sequences: ["a"] }, { stop: "b", ...limit })).toEqual([
      "max_tokens",
    ]);
    expect(
      left("gemini", { generation_config: { maxOutputTokens: 5 } }, { ...limit, temperature: 0 }),
    ).toEqual(["temperature"]);
    expect(left("openai-responses", { reasoning: { effort: "low" } }, { reasoning_effort: "high" })).toEqual(
      [],
    );
    expect(
      left("openai-responses", { reasoning: { summary: "auto" } }, { reasoning_effort: "high" }),
    ).toEqual(["reasoning_effort"]);
  });

  test("null sets nothing, and a wrong type is not looked into", () => {
    expect(left("openai-chat", { temperature: null, stop: 0 }, { temperature: 1, stop: "x" })).toEqual([
      "temperature",
    ]);
    expect(left("openai-responses", { reasoning: "x" }, { reasoning_effort: "high" })).toEqual([
      "reasoning_effort",
    ]);
    expect(left("openai-chat", {}, JSON.parse('{"__proto__": 1, "toString": 2}'))).toEqual([
      "__proto__",
      "toString",
    ]);
  });
});
