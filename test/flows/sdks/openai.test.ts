import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { DEMO_DOORS, failureOf } from "../../support/doors.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";

const PROMPT = "What is the capital of Noord-Holland?";
let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

describe.each(DEMO_DOORS)("the OpenAI SDK through $name", (door) => {
  const model = door.model("echo");
  const client = (apiKey = gateway.key) =>
    new OpenAI({ baseURL: door.versionedBase(gateway), apiKey, maxRetries: 0 });

  test("chat", async () => {
    const answer = await client().chat.completions.create({
      model,
      messages: [{ role: "user", content: PROMPT }],
    });
    expect(answer.choices[0]?.message.content).toContain(PROMPT);
    expect(answer.usage?.total_tokens).toBeGreaterThan(0);
  });

  test("chat, streamed", async () => {
    const stream = await client().chat.completions.create({
      model,
      messages: [{ role: "user", content: PROMPT }],
      stream: true,
    });
    const pieces: string[] = [];
    for await (const event of stream) pieces.push(event.choices[0]?.delta.content ?? "");
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.join("")).toContain(PROMPT);
  });

  test("chat with a tool", async () => {
    const answer = await client().chat.completions.create({
      model: door.model("tools"),
      messages: [{ role: "user", content: PROMPT }],
      tools: [
        { type: "function", function: { name: "look_up", parameters: { type: "object", properties: {} } } },
      ],
    });
    const call = answer.choices[0]?.message.tool_calls?.[0];
    expect(call?.type === "function" && call.function.name).toBe("look_up");
  });

  test("responses", async () => {
    const answer = await client().responses.create({ model, input: PROMPT });
    expect(answer.output_text).toContain(PROMPT);
    expect(answer.usage?.output_tokens).toBeGreaterThan(0);
  });

  test("responses, streamed", async () => {
    const stream = client().responses.stream({ model, input: PROMPT });
    const types = new Set<string>();
    for await (const event of stream) types.add(event.type);
    expect(types).toContain("response.output_text.delta");
    expect((await stream.finalResponse()).output_text).toContain(PROMPT);
  });

  test("legacy completions", async () => {
    const answer = await client().completions.create({ model, prompt: PROMPT });
    expect(answer.choices[0]?.text).toContain(PROMPT);
  });

  test("embeddings", async () => {
    const answer = await client().embeddings.create({ model, input: [PROMPT, "another"] });
    expect(answer.data).toHaveLength(2);
    expect(answer.data[0]?.embedding.length).toBeGreaterThan(0);
    expect(answer.data[0]?.embedding.every(Number.isFinite)).toBeTrue();
  });

  test("models", async () => {
    const ids: string[] = [];
    for await (const entry of client().models.list()) ids.push(entry.id);
    expect(ids).toContain(model);
  });

  test("a wrong key is the SDK's AuthenticationError, for a stream too", async () => {
    const ask = (stream: boolean) =>
      client("ams_wrong").chat.completions.create({
        model,
        messages: [{ role: "user", content: PROMPT }],
        stream,
      });
    for (const stream of [false, true]) {
      const error = await failureOf(() => ask(stream));
      expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
    }
    expect(
      await failureOf(() => client("ams_wrong").responses.create({ model, input: PROMPT })),
    ).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(await failureOf(async () => client("ams_wrong").models.list())).toBeInstanceOf(
      OpenAI.AuthenticationError,
    );
  });
});

describe("the OpenAI SDK", () => {
  const client = (path: string) =>
    new OpenAI({ baseURL: gateway.url + path, apiKey: gateway.key, maxRetries: 0 });
  const messages = [{ role: "user" as const, content: PROMPT }];

  test("gets NotFoundError with the name for a model that no provider has", async () => {
    for (const model of ["nosuch/model-9", "nosuch-model-9"]) {
      const error = await failureOf(() => client("/v1").chat.completions.create({ model, messages }));
      expect(error).toBeInstanceOf(OpenAI.NotFoundError);
      expect((error as Error).message).toContain("nosuch");
      const inResponses = await failureOf(() => client("/v1").responses.create({ model, input: PROMPT }));
      expect(inResponses).toBeInstanceOf(OpenAI.NotFoundError);
    }
  });

  test("gets NotFoundError with the name for a provider that is not there", async () => {
    const error = await failureOf(() =>
      client("/v1/nosuch").chat.completions.create({ model: "echo", messages }),
    );
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect((error as Error).message).toContain("nosuch");
  });

  test("gets the provider's own errors by their class", async () => {
    const ask = (model: string) =>
      failureOf(() => client("/v1").chat.completions.create({ model, messages }));
    expect(await ask("demo/limited-bare")).toBeInstanceOf(OpenAI.RateLimitError);
    expect(await ask("demo/status-400")).toBeInstanceOf(OpenAI.BadRequestError);
    expect(await ask("demo/status-403")).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(await ask("demo/status-500")).toBeInstanceOf(OpenAI.InternalServerError);
  });
});
