import { describe, expect, test } from "bun:test";
import type { Format } from "../exchange/formats.ts";
import type { TemplateMessage } from "../prompts/template.ts";
import { FORMAT_MODULES } from "./registry.ts";
import { readRequestFields, rewriteBody } from "./request-fields.ts";
import { type Filling, ownText, withFillings } from "./templated.ts";

const read = (body: Buffer, format: Format) =>
  readRequestFields(body, FORMAT_MODULES[format].templatePlaces, format);

/** A text for the place, or messages with roles as `[role, text]`. */
type Texts = string | readonly (readonly [TemplateMessage["role"], string])[];

/** The body with a text for each path that is named. */
function filled(format: Format, text: string, texts: Readonly<Record<string, Texts>>): string {
  const body = Buffer.from(text);
  const fields = read(body, format);
  const places = fields.storedPrompt === null ? fields.templates : [...fields.templates, fields.storedPrompt];
  const fillings = Object.entries(texts).map(([path, put]): Filling => {
    const place = places.find((each) => each.path === path);
    if (place === undefined) throw new Error(`no place ${path} in ${places.map((each) => each.path)}`);
    const messages = typeof put === "string" ? [[null, put] as const] : put;
    return { place, messages: messages.map(([role, said]) => ({ role, text: said })) };
  });
  const result = rewriteBody(body, withFillings(body, fields, format, fillings), null)
    .toBytes()
    .toString();
  JSON.parse(result);
  return result;
}

function owns(format: Format, text: string): Record<string, string | null> {
  const body = Buffer.from(text);
  return Object.fromEntries(read(body, format).templates.map((place) => [place.path, ownText(body, place)]));
}

const THREE: Texts = [
  ["system", "S"],
  ["user", "U"],
  ["assistant", "A"],
];

describe("a client's own text", () => {
  test.each<[Format, string, Record<string, string | null>]>([
    ["openai-chat", '{"messages":[{"template_id":"t","content":"a\\nb"}]}', { "messages[0]": "a\nb" }],
    ["openai-chat", '{"messages":[{"template_id":"t","content":""}]}', { "messages[0]": "" }],
    ["openai-chat", '{"messages":[{"template_id":"t","content":null}]}', { "messages[0]": null }],
    ["openai-chat", '{"messages":[{"template_id":"t"}]}', { "messages[0]": null }],
    ["openai-chat", '{"messages":[{"template_id":"t","content":7}]}', { "messages[0]": null }],
    ["openai-chat", '{"messages":[{"template_id":"t","content":[]}]}', { "messages[0]": null }],
    [
      "openai-chat",
      '{"messages":[{"template_id":"t","content":[{"type":"text","text":"a"},{"type":"image_url"},{"type":"text","text":"b"}]}]}',
      { "messages[0]": "a\nb" },
    ],
    [
      "openai-chat",
      '{"messages":[{"template_id":"t","content":[{"type":"image_url","text":"no"}]}]}',
      { "messages[0]": null },
    ],
    [
      "openai-chat",
      '{"messages":[{"content":[{"type":"text","text":"","template_id":"t"},{"type":"text","variables":{}}]}]}',
      { "messages[0].content[0]": "", "messages[0].content[1]": null },
    ],
    [
      "openai-chat",
      '{"messages":[{"content":{"template_id":"t","content":"c"}},{"content":{"template_id":"t","text":"d"}}]}',
      { "messages[0].content": "c", "messages[1].content": "d" },
    ],
    [
      "openai-chat",
      '{"messages":[{"template_id":"t","content":"first","c\\u006fntent":"last"}]}',
      { "messages[0]": "last" },
    ],
    [
      "openai-chat",
      '{"messages":[{"template_id":"t","content":"\\ud800é😀"}]}',
      { "messages[0]": "\ud800é😀" },
    ],
    ["openai-chat", '{"messages":[{"template_id":"t","content":"\\x"}]}', { "messages[0]": null }],
    ["openai-responses", '{"instructions":{"template_id":"t","text":"i"}}', { instructions: "i" }],
    [
      "openai-responses",
      '{"input":[{"template_id":"t","role":"assistant","content":[{"type":"output_text","text":"o"}]},{"template_id":"t","type":"function_call_output","output":"r"}]}',
      { "input[0]": "o", "input[1]": "r" },
    ],
    [
      "anthropic-messages",
      '{"system":[{"type":"text","text":"s","template_id":"t"}],"messages":[{"content":[{"type":"tool_result","template_id":"u","content":[{"type":"text","text":"r"}]}]}]}',
      { "system[0]": "s", "messages[0].content[0]": "r" },
    ],
    [
      "anthropic-messages",
      '{"messages":[{"content":[{"type":"tool_result","template_id":"u","content":[1 2]}]}]}',
      { "messages[0].content[0]": null },
    ],
    ["anthropic-messages", '{"system":{"template_id":"t","content":"s"}}', { system: "s" }],
    [
      "gemini",
      '{"contents":[{"template_id":"t","parts":[{"text":"a"},{"thought":true,"text":"no"},{"inlineData":{}},{"text":"b"}]}]}',
      { "contents[0]": "a\nb" },
    ],
    [
      "gemini",
      '{"contents":{"parts":{"text":"p","template_id":"t"},"template_id":"u"},"systemInstruction":{"template_id":"v","parts":[{"text":"s"}]}}',
      { contents: "p", "contents.parts": "p", systemInstruction: "s" },
    ],
  ])("of %s in %s", (format, text, expected) => expect(owns(format, text)).toEqual(expected));
});

describe("what is left of a place without its fields", () => {
  test.each<[Format, string, string]>([
    [
      "openai-chat",
      '{"messages":[{ "template_id":"t", "content":"c" },{"variables":{}}]}',
      '{"messages":[{"role":"user", "content":"c" },{"role":"user"}]}',
    ],
    [
      "openai-chat",
      '{"messages":[{"role":"user","content":{ "template_id":"t" , "content" : "\\u00e9" }}]}',
      '{"messages":[{"role":"user","content":"\\u00e9"}]}',
    ],
    [
      "openai-chat",
      '{"messages":[{"role":"user","content":[{"template_id":"t","text":"a"},{"template_id":"t"}]}]}',
      '{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{}]}]}',
    ],
    [
      "openai-responses",
      '{"input":[{"type":"message","template_id":"t"},{"type":"function_call_output","template_id":"t"}],"instructions":{"text":"i","template":""}}',
      '{"input":[{"role":"user","type":"message"},{"type":"function_call_output"}],"instructions":"i"}',
    ],
    [
      "openai-responses",
      '{"input":[{"role":"assistant","content":[{"template_id":"t","text":"a"}]}],"instructions":{"content":["x"],"template":""}}',
      '{"input":[{"role":"assistant","content":[{"type":"output_text","text":"a"}]}],"instructions":"x"}',
    ],
    [
      "anthropic-messages",
      '{"system":{"text":"\\u00e9","template_id":"t","cache_control":{ }},"messages":[]}',
      '{"system":[{"type":"text","text":"\\u00e9","cache_control":{ }}],"messages":[]}',
    ],
    [
      "anthropic-messages",
      '{"system":{"content":"s","template_id":"t","cache_control":{ }},"messages":[]}',
      '{"system":[{"type":"text","text":"s","cache_control":{ }}],"messages":[]}',
    ],
    [
      "gemini",
      '{"contents":[{"template_id":"t"}],"systemInstruction":{"template_id":"t","text":"\\u00e9"}}',
      '{"contents":[{}],"systemInstruction":{"parts":[{"text":"\\u00e9"}]}}',
    ],
  ])("of %s in %s is as the API takes it", (format, text, expected) =>
    expect(filled(format, text, {})).toBe(expected),
  );
});

describe("a text", () => {
  test.each<[Format, string, Record<string, string>, string]>([
    [
      "openai-chat",
      '{ "messages" : [ {"template_id":"t", "role" : "system"} , { "role":"user" } ], "top_p":1.0 }',
      { "messages[0]": 'é "x"\n😀' },
      '{ "messages" : [ {"content":"é \\"x\\"\\n😀","role" : "system"} , { "role":"user" } ], "top_p":1.0 }',
    ],
    [
      "openai-chat",
      '{"messages":[{"template_id":"t"}]}',
      { "messages[0]": "" },
      '{"messages":[{"role":"user","content":""}]}',
    ],
    [
      "openai-chat",
      '{"messages":[{"role":"user","content" : "old" , "template":"t","name":"n"}]}',
      { "messages[0]": "new" },
      '{"messages":[{"role":"user","content" : "new","name":"n"}]}',
    ],
    [
      "openai-chat",
      '{"messages":[{"content":"a","role":"user","c\\u006fntent":["b"],"template":"t"}]}',
      { "messages[0]": "new" },
      '{"messages":[{"role":"user","c\\u006fntent":[{"type":"text","text":"new"}]}]}',
    ],
    [
      "openai-chat",
      '{"messages":[{"role":"user","template":"t","content":[ {"type":"image_url", "image_url":{}} , {"type":"text","text":"a","x":1.0},{"type":"text","text":"b"}, {"type":"file"} ]}]}',
      { "messages[0]": "new" },
      '{"messages":[{"role":"user","content":[ {"type":"image_url", "image_url":{}} , {"type":"text","text":"new","x":1.0}, {"type":"file"} ]}]}',
    ],
    [
      "openai-chat",
      '{"messages":[{"role":"user","template":"t","content":[ {"type":"image_url"} ]},{"role":"user","template":"t","content":[]}]}',
      { "messages[0]": "a", "messages[1]": "b" },
      '{"messages":[{"role":"user","content":[{"type":"text","text":"a"}, {"type":"image_url"} ]},{"role":"user","content":[{"type":"text","text":"b"}]}]}',
    ],
    [
      "openai-chat",
      '{"messages":[{"role":"user","template":"t","content":{"type":"text","text":"a"}},{"role":"user","template":"t","content":{"type":"file","file":{}}}]}',
      { "messages[0]": "b", "messages[1]": "c" },
      '{"messages":[{"role":"user","content":"b"},{"role":"user","content":[{"type":"text","text":"c"},{"type":"file","file":{}}]}]}',
    ],
    [
      "openai-chat",
      '{"messages":[{"role":"user","content":[{"template_id":"t"},{"template_id":"t","type":"text"},{"template_id":"t","text":"a","x":0}]}]}',
      { "messages[0].content[0]": "1", "messages[0].content[1]": "2", "messages[0].content[2]": "3" },
      '{"messages":[{"role":"user","content":[{"type":"text","text":"1"},{"text":"2","type":"text"},{"type":"text","text":"3","x":0}]}]}',
    ],
    [
      "openai-chat",
      '{"messages":[{"role":"user","content":{"template_id":"t","variables":{}}}]}',
      { "messages[0].content": "1" },
      '{"messages":[{"role":"user","content":"1"}]}',
    ],
    [
      "openai-responses",
      '{"input":[{"template_id":"t"},{"template_id":"t","role":"assistant","content":[]},{"role":"assistant","content":[{"template_id":"t"}]},{"role":"user","content":[{"template_id":"t"}]}],"instructions":{"template_id":"t"}}',
      {
        "input[0]": "a",
        "input[1]": "b",
        "input[2].content[0]": "c",
        "input[3].content[0]": "d",
        instructions: "e",
      },
      '{"input":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"output_text","text":"b"}]},{"role":"assistant","content":[{"type":"output_text","text":"c"}]},{"role":"user","content":[{"type":"input_text","text":"d"}]}],"instructions":"e"}',
    ],
    [
      "openai-responses",
      '{"input":[{"type":"function_call_output","call_id":"c","output":"old","template_id":"t"}]}',
      { "input[0]": "new" },
      '{"input":[{"type":"function_call_output","call_id":"c","output":"new"}]}',
    ],
    [
      "anthropic-messages",
      '{"system":{"template_id":"t","variables":{}},"messages":[{"template_id":"t","role":"user","content":[{"type":"tool_result","tool_use_id":"i"},{"type":"image"}]}]}',
      { system: "s", "messages[0]": "a" },
      '{"system":"s","messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"i"},{"type":"text","text":"a"},{"type":"image"}]}]}',
    ],
    [
      "anthropic-messages",
      '{"system":{"template_id":"t","cache_control":{"type":"ephemeral"}},"messages":[{"role":"user","content":[{"type":"tool_result","content":"old","template_id":"t"}]}]}',
      { system: "s", "messages[0].content[0]": "a" },
      '{"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"tool_result","content":"a"}]}]}',
    ],
    [
      "anthropic-messages",
      '{"system":[{"template_id":"t","cache_control":{ }},{"type":"text","text":"b"}],"messages":[]}',
      { "system[0]": "s" },
      '{"system":[{"type":"text","text":"s","cache_control":{ }},{"type":"text","text":"b"}],"messages":[]}',
    ],
    [
      "gemini",
      '{"contents":[{"template_id":"t"},{"role":"model","parts":[{"thought":true,"text":"x"},{"template_id":"t"}]}],"systemInstruction":{"template_id":"t"}}',
      { "contents[0]": "a", "contents[1].parts[1]": "b", systemInstruction: "s" },
      '{"contents":[{"parts":[{"text":"a"}]},{"role":"model","parts":[{"thought":true,"text":"x"},{"text":"b"}]}],"systemInstruction":{"parts":[{"text":"s"}]}}',
    ],
    [
      "gemini",
      '{"contents":{"template_id":"t","parts":{"text":"old"}},"system_instruction":{"template_id":"t","parts":[{"text":"a"},{"text":"b"}],"role":"x"}}',
      { contents: "new", system_instruction: "s" },
      '{"contents":{"parts":{"text":"new"}},"system_instruction":{"parts":[{"text":"s"}],"role":"x"}}',
    ],
    [
      "gemini",
      '{"contents":{"template_id":"t","parts":{"inlineData":{}}},"system_instruction":{"template_id":"t","text":"old"}}',
      { contents: "new", system_instruction: "s" },
      '{"contents":{"parts":[{"text":"new"},{"inlineData":{}}]},"system_instruction":{"parts":[{"text":"s"}]}}',
    ],
  ])("takes its place in %s %s", (format, text, texts, expected) =>
    expect(filled(format, text, texts)).toBe(expected),
  );

  test("with half a surrogate pair stays JSON", () => {
    expect(filled("openai-chat", '{"messages":[{"template_id":"t"}]}', { "messages[0]": "\ud800" })).toBe(
      '{"messages":[{"role":"user","content":"\\ud800"}]}',
    );
  });

  test("of a message counts before that of a part inside it", () => {
    const text =
      '{"messages":[{"role":"user","template_id":"t","content":[{"type":"text","text":"a","template_id":"u"},{"type":"text","template_id":"v"}]}]}';
    const outer = { "messages[0]": "outer", "messages[0].content[0]": "x", "messages[0].content[1]": "y" };
    expect(filled("openai-chat", text, outer)).toBe(
      '{"messages":[{"role":"user","content":[{"type":"text","text":"outer"}]}]}',
    );
    const inner = { "messages[0].content[1]": "y" };
    expect(filled("openai-chat", text, inner)).toBe(
      '{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"text":"y","type":"text"}]}]}',
    );
  });

  test("is put in beside tracking fields and a model that is renamed", () => {
    const body = Buffer.from('{"run_id":"r","messages":[{"template_id":"t"}],"model":"a","tags":[]}');
    const fields = read(body, "openai-chat");
    const messages = [{ role: null, text: "hi" }];
    const full = withFillings(body, fields, "openai-chat", [{ place: fields.templates[0]!, messages }]);
    expect(rewriteBody(body, full, "b").toBytes().toString()).toBe(
      '{"messages":[{"role":"user","content":"hi"}],"model":"b"}',
    );
    expect(rewriteBody(body, fields, "b").toBytes().toString()).toBe(
      '{"messages":[{"role":"user"}],"model":"b"}',
    );
  });

  test("can be put in after another, and replaces one of the same place", () => {
    const body = Buffer.from('{"messages":[{"template_id":"t"},{"template_id":"u"}]}');
    const fields = read(body, "openai-chat");
    const put = (text: string, index: number, into = fields) =>
      withFillings(body, into, "openai-chat", [
        { place: fields.templates[index]!, messages: [{ role: null, text }] },
      ]);
    expect(
      rewriteBody(body, put("c", 0, put("b", 1, put("a", 0))), null)
        .toBytes()
        .toString(),
    ).toBe('{"messages":[{"role":"user","content":"c"},{"role":"user","content":"b"}]}');
    expect(withFillings(body, fields, "openai-chat", [])).toBe(fields);
  });
});

describe("messages with roles", () => {
  test.each<[Format, string, Record<string, Texts>, string]>([
    [
      "openai-chat",
      '{"messages":[ {"role":"user","content":"old","template_id":"t"} , {"role":"user","content":"q"}]}',
      { "messages[0]": THREE },
      '{"messages":[ {"role":"system","content":"S"},{"role":"user","content":"U"},{"role":"assistant","content":"A"} , {"role":"user","content":"q"}]}',
    ],
    [
      "openai-responses",
      '{"input":[{"template_id":"t"}]}',
      { "input[0]": THREE },
      '{"input":[{"role":"system","content":"S"},{"role":"user","content":"U"},{"role":"assistant","content":"A"}]}',
    ],
    [
      "openai-responses",
      '{"input":{"template_id":"t"}}',
      { input: [["user", "U"]] },
      '{"input":[{"role":"user","content":"U"}]}',
    ],
    [
      "openai-chat",
      '{"messages":[{"template_id":"t"}]}',
      {
        "messages[0]": [
          [null, "a"],
          [null, "b"],
        ],
      },
      '{"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}]}',
    ],
    [
      "anthropic-messages",
      '{"messages":[{"template_id":"t"}],"max_tokens":9}',
      { "messages[0]": THREE },
      '{"system":"S","messages":[{"role":"user","content":"U"},{"role":"assistant","content":"A"}],"max_tokens":9}',
    ],
    [
      "anthropic-messages",
      '{"system": "\\u00e9" ,"messages":[{"template_id":"t"},{"role":"user","content":"q"},{"template_id":"t"}]}',
      { "messages[0]": [["system", 'S"']], "messages[2]": THREE },
      '{"system": "\\u00e9\\n\\nS\\"\\n\\nS" ,"messages":[{"role":"user","content":"q"},{"role":"user","content":"U"},{"role":"assistant","content":"A"}]}',
    ],
    [
      "anthropic-messages",
      '{"system":"","messages":[{"template_id":"t"}]}',
      { "messages[0]": [["system", "S"]] },
      '{"system":"S","messages":[]}',
    ],
    [
      "anthropic-messages",
      '{"system":null,"messages":[{"template_id":"t"}]}',
      { "messages[0]": [["system", "S"]] },
      '{"system":"S","messages":[]}',
    ],
    [
      "anthropic-messages",
      '{"system":[ {"type":"text","text":"a","cache_control":{}} ],"messages":[{"template_id":"t"}]}',
      { "messages[0]": [["system", "S"]] },
      '{"system":[ {"type":"text","text":"a","cache_control":{}},{"type":"text","text":"S"} ],"messages":[]}',
    ],
    [
      "anthropic-messages",
      '{"system":{"type":"text","text":"a"},"messages":[{"template_id":"t"}]}',
      { "messages[0]": [["system", "S"]] },
      '{"system":[{"type":"text","text":"a"},{"type":"text","text":"S"}],"messages":[]}',
    ],
    [
      "anthropic-messages",
      '{"messages":[{"template_id":"t"}],"system":{"text":"a","template_id":"u"}}',
      { "messages[0]": [["system", "S"]] },
      '{"messages":[],"system":"a\\n\\nS"}',
    ],
    [
      "anthropic-messages",
      '{"messages":[{"template_id":"t"}],"system":{"text":"\\u00e9","template_id":"u","cache_control":{ }}}',
      { "messages[0]": [["system", "S"]] },
      '{"messages":[],"system":[{"type":"text","text":"\\u00e9","cache_control":{ }},{"type":"text","text":"S"}]}',
    ],
    [
      "anthropic-messages",
      '{"messages":[{"template_id":"t"}],"system":{"text":"a","template_id":"u"}}',
      { "messages[0]": [["system", "S"]], system: "new" },
      '{"messages":[],"system":"new\\n\\nS"}',
    ],
    [
      "anthropic-messages",
      '{"system":{"text":"a","template_id":"u"},"messages":[{"role":"user","content":[{"template_id":"t"}]}]}',
      { system: THREE, "messages[0].content[0]": THREE },
      '{"system":"S\\n\\nU\\n\\nA","messages":[{"role":"user","content":[{"type":"text","text":"S\\n\\nU\\n\\nA"}]}]}',
    ],
    [
      "gemini",
      '{"contents":[{"template_id":"t"}]}',
      { "contents[0]": THREE },
      '{"systemInstruction":{"parts":[{"text":"S"}]},"contents":[{"role":"user","parts":[{"text":"U"}]},{"role":"model","parts":[{"text":"A"}]}]}',
    ],
    [
      "gemini",
      '{"contents":{"template_id":"t"},"system_instruction":{"role":"x","parts":[ {"text":"a"} ]}}',
      { contents: THREE },
      '{"contents":[{"role":"user","parts":[{"text":"U"}]},{"role":"model","parts":[{"text":"A"}]}],"system_instruction":{"role":"x","parts":[ {"text":"a"},{"text":"S"} ]}}',
    ],
    [
      "gemini",
      '{"contents":[{"template_id":"t"}],"systemInstruction":{"parts":{"text":"a"}}}',
      { "contents[0]": [["system", "S"]] },
      '{"contents":[],"systemInstruction":{"parts":[{"text":"a"},{"text":"S"}]}}',
    ],
    [
      "gemini",
      '{"contents":[{"template_id":"t"}],"systemInstruction":{"template_id":"u","text":"\\u00e9"}}',
      { "contents[0]": [["system", "S"]] },
      '{"contents":[],"systemInstruction":{"parts":[{"text":"\\u00e9"},{"text":"S"}]}}',
    ],
    [
      "gemini",
      '{"contents":[{"template_id":"t"}],"systemInstruction":{"template_id":"u"}}',
      { "contents[0]": [["system", "S"]], systemInstruction: THREE },
      '{"contents":[],"systemInstruction":{"parts":[{"text":"S\\n\\nU\\n\\nA\\n\\nS"}]}}',
    ],
    [
      "gemini",
      '{"generateContentRequest":{"model":"m","contents":[{"template_id":"t"}],"template_id":"stays"}}',
      { "generateContentRequest.contents[0]": THREE },
      '{"generateContentRequest":{"systemInstruction":{"parts":[{"text":"S"}]},"model":"m","contents":[{"role":"user","parts":[{"text":"U"}]},{"role":"model","parts":[{"text":"A"}]}],"template_id":"stays"}}',
    ],
    [
      "gemini",
      '{"contents":[{"template_id":"t"}],"systemInstruction":"a"}',
      { "contents[0]": [["system", "S"]] },
      '{"contents":[],"systemInstruction":"a\\n\\nS"}',
    ],
  ])("take the whole place in %s %s", (format, text, texts, expected) =>
    expect(filled(format, text, texts)).toBe(expected),
  );
});

describe("a stored prompt", () => {
  test.each<[string, Texts, string]>([
    [
      '{ "prompt" : {"id":"p"}, "input" : "\\u00e9" }',
      THREE,
      '{ "input" : [{"role":"system","content":"S"},{"role":"user","content":"U"},{"role":"assistant","content":"A"},{"role":"user","content":"\\u00e9"}] }',
    ],
    [
      '{"input":[ {"role":"user","content":"q"} ],"prompt":{"id":"p"}}',
      "s",
      '{"input":[{"role":"system","content":"s"}, {"role":"user","content":"q"} ]}',
    ],
    ['{"prompt":{"id":"p"},"input":[]}', "s", '{"input":[{"role":"system","content":"s"}]}'],
    ['{"prompt":{"id":"p"}}', "s", '{"input":[{"role":"system","content":"s"}]}'],
    ['{"prompt":{"id":"p"},"input":null}', "s", '{"input":[{"role":"system","content":"s"}]}'],
    [
      '{"prompt":1,"run_id":"r","prompt":{"id":"p"},"store":false}',
      [["user", "u"]],
      '{"input":[{"role":"user","content":"u"}],"store":false}',
    ],
    [
      '{"prompt":{"id":"p"},"input":{"role":"user","content":"q"}}',
      "s",
      '{"input":[{"role":"system","content":"s"},{"role":"user","content":"q"}]}',
    ],
  ])("of %s is put before the input", (text, texts, expected) => {
    expect(filled("openai-responses", text, { prompt: texts })).toBe(expected);
  });

  test("stands beside texts of other places", () => {
    const text = '{"prompt":{"id":"p"},"input":[{"template_id":"t"}],"instructions":{"template_id":"u"}}';
    expect(filled("openai-responses", text, { prompt: "s", "input[0]": THREE, instructions: "i" })).toBe(
      '{"input":[{"role":"system","content":"s"},{"role":"system","content":"S"},{"role":"user","content":"U"},{"role":"assistant","content":"A"}],"instructions":"i"}',
    );
  });

  test("has no text of its own and stays where nothing is put in for it", () => {
    const text = '{"prompt":{"id":"p","variables":{"a":1.0}},"input":"q"}';
    const body = Buffer.from(text);
    expect(ownText(body, read(body, "openai-responses").storedPrompt!)).toBeNull();
    expect(filled("openai-responses", text, {})).toBe(text);
  });
});
