import { describe, expect, test } from "bun:test";
import { askForUsage, readRequestFields, rewriteBody } from "./request-fields.ts";

function asked(text: string, model: string | null = null): string | null {
  const body = Buffer.from(text);
  const fields = readRequestFields(body, {});
  const edit = askForUsage(body, fields);
  return edit === null ? null : rewriteBody(body, fields, model, edit).toBytes().toString();
}

describe("a Chat stream is asked for its usage", () => {
  test.each([
    ['{"model":"m","stream":true}', '{"stream_options":{"include_usage":true},"model":"m","stream":true}'],
    [' { "stream": true }', ' {"stream_options":{"include_usage":true}, "stream": true }'],
    ['{"run_id":"r","stream":true}', '{"stream_options":{"include_usage":true},"stream":true}'],
    ['{"stream":true,"tags":["a"]}', '{"stream_options":{"include_usage":true},"stream":true}'],
    ['{"stream":true,"stream_options":null}', '{"stream":true,"stream_options":{"include_usage":true}}'],
    ['{"stream":true,"stream_options":{}}', '{"stream":true,"stream_options":{"include_usage":true}}'],
    [
      '{"stream_options":{"include_usage":false,"include_obfuscation":false},"run_id":"x","stream":true}',
      '{"stream_options":{"include_usage":true,"include_obfuscation":false},"stream":true}',
    ],
  ])("%s", (body, wanted) => expect(asked(body)).toBe(wanted));

  test("with another model's name in the same body", () => {
    expect(asked('{"run_id":1,"model":"openai/m","n":1.0,"stream":true}', "m")).toBe(
      '{"stream_options":{"include_usage":true},"model":"m","n":1.0,"stream":true}',
    );
  });
});

describe("a Chat stream is left alone", () => {
  test.each([
    '{"stream":true,"stream_options":{"include_usage":true}}',
    '{"stream":true,"stream_options":"yes"}',
    '{"stream":true,"stream_options":[1]}',
    '{"stream":true,"stream_options":7}',
  ])("%s", (body) => expect(asked(body)).toBeNull());
});
