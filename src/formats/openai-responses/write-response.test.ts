import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type OpenAI from "openai";
import { recordedExchanges } from "../../../test/support/exchanges.ts";
import { responses } from "../../../test/support/neutral.ts";
import { validateResponse } from "../../../test/support/open-responses.ts";
import { GatewayError } from "../../exchange/errors.ts";
import { Losses } from "../../exchange/losses.ts";
import type { Part } from "../../exchange/parts.ts";
import type { FinishReason, GenerateResponse } from "../../exchange/response.ts";
import { openaiResponsesCodec as codec } from "./codec.ts";
import { answerContext, asked, NOW, read, without } from "./testing.ts";
import type { ResponseObject } from "./wire.ts";

function answer(parts: readonly Part[], finish: FinishReason = "stop"): GenerateResponse {
  return { id: "msg_upstream", model: "claude", choices: [{ index: 0, parts, finish }] };
}

function write(response: GenerateResponse, request = asked, losses = new Losses(true)): ResponseObject {
  const body = codec.writeResponse(response, answerContext(request, losses)) as ResponseObject;
  expect(validateResponse(body)).toEqual([]);
  return body;
}

describe("an answer in this format", () => {
  const whole = recordedExchanges("openai-responses").filter(
    ({ status, stream }) => status === 200 && !stream,
  );
  for (const { id, request, body } of whole)
    test(`says all that the provider said: ${id}`, () => {
      const told = JSON.parse(body);
      const back = codec.writeResponse(
        codec.readResponse(told),
        answerContext({ ...read(request), model: told.model }),
      );
      // Further members may be there: those that the description requires and the provider left out.
      const output = told.output.map((item: { type: string }) =>
        item.type === "reasoning" ? without(item, "status") : item,
      );
      expect(back).toMatchObject({ ...without(told, "output_text"), output });
    });
});

describe("an answer of another format", () => {
  test("is a response object with all that it must have", () => {
    const body = write({
      ...answer([{ kind: "text", text: "Hi" }]),
      createdAt: 5,
      usage: { input: 10, cachedInput: 4, cacheWriteInput: 1, output: 3, reasoning: 2 },
    });
    expect(body).toEqual({
      id: "resp_ams000000000000000000000000",
      object: "response",
      created_at: 5,
      completed_at: NOW,
      status: "completed",
      background: false,
      error: null,
      incomplete_details: null,
      instructions: null,
      max_output_tokens: null,
      max_tool_calls: null,
      model: "model-1",
      output: [
        {
          type: "message",
          id: "msg_ams000000000000000000000001",
          status: "completed",
          role: "assistant",
          content: [{ type: "output_text", text: "Hi", annotations: [], logprobs: [] }],
        },
      ],
      parallel_tool_calls: true,
      previous_response_id: null,
      presence_penalty: 0,
      frequency_penalty: 0,
      prompt_cache_key: null,
      reasoning: { effort: null, summary: null },
      safety_identifier: null,
      service_tier: "default",
      store: true,
      temperature: 1,
      text: { format: { type: "text" } },
      tool_choice: "auto",
      tools: [],
      top_logprobs: 0,
      top_p: 1,
      truncation: "disabled",
      usage: {
        input_tokens: 10,
        input_tokens_details: { cached_tokens: 4, cache_write_tokens: 1 },
        output_tokens: 3,
        output_tokens_details: { reasoning_tokens: 2 },
        total_tokens: 13,
      },
      metadata: {},
    });
  });

  test("tells the request's settings back", () => {
    const settings = {
      instructions: "Be brief.",
      previous_response_id: "resp_0",
      temperature: 0.5,
      max_output_tokens: 99,
      store: false,
      truncation: "auto",
      metadata: { a: "b" },
      reasoning: { effort: "low", summary: "auto" },
      text: {
        format: { type: "json_schema", name: "n", schema: {}, strict: true, description: null },
        verbosity: "low",
      },
      tool_choice: { type: "function", name: "f" },
      tools: [
        { type: "function", name: "f", description: null, parameters: null, strict: true },
        { type: "web_search", search_context_size: "low" },
      ],
    };
    const { strict: _told, ...left } = settings.tools[0] as { strict: boolean };
    const request = read({ model: "m", input: "Hi", ...settings, tools: [left, settings.tools[1]] });
    expect(write(answer([]), request)).toMatchObject(settings);
  });

  test("has thoughts as a summary, which clients show, and seals of any API", () => {
    const seal = { origin: "anthropic-messages" as const, value: "sig" };
    const { output } = write(
      answer([
        { kind: "reasoning", text: "hm", seal },
        { kind: "text", text: "Hi" },
      ]),
    );
    expect(output[0]).toEqual({
      type: "reasoning",
      id: expect.stringMatching(/^rs_/),
      summary: [{ type: "summary_text", text: "hm" }],
      encrypted_content: "amsterdam.seal.a.sig",
    });
    // And it comes back as what it was.
    const again = read({ model: "m", input: output });
    expect(again.messages[0]?.parts[0]).toMatchObject({ text: "hm", seal });
  });

  test("has calls as items of their own, and no empty message", () => {
    const { output } = write(
      answer(
        [
          { kind: "tool-call", id: "toolu_1", name: "f", arguments: '{"a":1}', namespace: "n" },
          { kind: "tool-call", id: "toolu_2", name: "patch", arguments: "x", custom: true },
        ],
        "tool-calls",
      ),
    );
    expect(output).toEqual([
      {
        type: "function_call",
        id: "fc_ams000000000000000000000001",
        call_id: "toolu_1",
        name: "f",
        namespace: "n",
        arguments: '{"a":1}',
        status: "completed",
      },
      {
        type: "custom_tool_call",
        id: "ctc_ams000000000000000000000002",
        call_id: "toolu_2",
        name: "patch",
        input: "x",
        status: "completed",
      },
    ]);
    expect(output as OpenAI.Responses.ResponseOutputItem[]).toHaveLength(2);
  });

  test("has words that follow each other in one message, and a new one after a call", () => {
    const text = (value: string): Part => ({ kind: "text", text: value });
    const call: Part = { kind: "tool-call", id: "c", name: "f", arguments: "{}" };
    const { output } = write(answer([text("a"), text("b"), call, text("c")]));
    expect(output.map(({ type }) => type)).toEqual(["message", "function_call", "message"]);
  });

  const ends: [FinishReason, Part[], string | null][] = [
    ["length", [{ kind: "text", text: "a" }], "max_output_tokens"],
    ["context", [{ kind: "text", text: "a" }], "max_output_tokens"],
    ["content-filter", [], "content_filter"],
    ["refusal", [{ kind: "text", text: "a" }], "content_filter"],
    ["refusal", [{ kind: "refusal", text: "no" }], null],
    ["stop-sequence", [{ kind: "text", text: "a" }], null],
    ["pause", [{ kind: "text", text: "a" }], null],
  ];
  for (const [finish, parts, reason] of ends)
    test(`that ended by ${finish} with ${parts[0]?.kind ?? "nothing"} is ${reason ?? "completed"}`, () => {
      const body = write(answer(parts, finish));
      const status = reason === null ? "completed" : "incomplete";
      expect(body.status).toBe(status);
      expect(body.incomplete_details).toEqual(reason === null ? null : { reason });
      expect(body.completed_at).toBe(reason === null ? NOW : null);
      if (parts.length > 0) expect(body.output.at(-1)).toMatchObject({ status });
    });

  test("has citations as annotations, images as a hosted tool's, and names what it cannot say", () => {
    const losses = new Losses();
    const { output } = write(
      answer([
        { kind: "text", text: "Hi", citations: [{ url: "https://a.com", start: 0, end: 1 }, { quote: "q" }] },
        { kind: "native", format: "anthropic-messages", type: "server_tool_use", value: {} },
        { kind: "media", media: "image", mimeType: "image/webp", source: { kind: "base64", data: "QQ==" } },
        { kind: "media", media: "audio", source: { kind: "base64", data: "QQ==" } },
      ]),
      asked,
      losses,
    );
    expect(output).toMatchObject([
      {
        content: [
          {
            annotations: [
              {
                type: "url_citation",
                url: "https://a.com",
                title: "https://a.com",
                start_index: 0,
                end_index: 1,
              },
            ],
          },
        ],
      },
      { type: "image_generation_call", status: "completed", result: "QQ==", output_format: "webp" },
    ]);
    expect(losses.items).toEqual([
      "answer: citations that lead to no page",
      "answer: server_tool_use",
      "answer: audio",
    ]);
  });

  test("reads back the same, whatever it is", () => {
    const features = {
      thoughts: "openai-responses",
      summaries: true,
      refusals: true,
      citations: true,
      logprobs: true,
      id: "resp_1",
      createdAt: 5,
      usage: ["input", "cachedInput", "cacheWriteInput", "output", "reasoning"],
    } as const;
    fc.assert(
      fc.property(responses(features), (response) => {
        const back = codec.readResponse(write(response));
        expect(without(back, "itemId", "extensions", "serviceTier")).toEqual(withRefusal(response));
      }),
      { numRuns: 300 },
    );
  });
});

/** An answer that refuses ends so. */
function withRefusal(response: GenerateResponse): GenerateResponse {
  const choices = response.choices.map((choice) => {
    const refuses = choice.finish === "stop" && choice.parts.some(({ kind }) => kind === "refusal");
    return refuses ? { ...choice, finish: "refusal" as const } : choice;
  });
  return { ...response, choices };
}

describe("what is no answer", () => {
  const thrown = (body: unknown): GatewayError => {
    try {
      codec.readResponse(body);
    } catch (error) {
      return error as GatewayError;
    }
    throw new Error("was read");
  };

  test("is told to be none", () => {
    for (const body of [null, [], "text", {}, { output: {} }, { choices: [] }])
      expect(thrown(body).code).toBe("upstream_invalid");
  });

  test("is an error where the response failed", () => {
    const error = thrown({
      status: "failed",
      output: [],
      error: { code: "rate_limit_exceeded", message: "Slow down" },
    });
    expect(error).toBeInstanceOf(GatewayError);
    expect(error.told).toEqual({ status: 429, code: "rate_limit_exceeded", message: "Slow down" });
  });

  test("is passed over where it is odd", () => {
    const output = [
      null,
      {
        type: "message",
        id: 1,
        content: [null, { type: "future", x: 1 }, { type: "output_text", text: "Hi" }],
      },
      { type: "reasoning", summary: null },
      { type: "function_call", id: "fc_1", arguments: 1 },
      { type: "future_call" },
    ];
    expect(codec.readResponse({ output, usage: { input_tokens: "1" } })).toMatchObject({
      id: "",
      model: "",
      choices: [
        {
          parts: [
            { kind: "native", value: { content: [{ type: "future", x: 1 }] } },
            { kind: "text", text: "Hi" },
            { kind: "reasoning", text: "" },
            { kind: "tool-call", id: "fc_1", name: "", arguments: "{}" },
            { kind: "native", type: "future_call" },
          ],
          finish: "tool-calls",
        },
      ],
      usage: {},
    });
  });
});
