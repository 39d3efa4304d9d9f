import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import Anthropic from "@anthropic-ai/sdk";
import { DEMO_DOORS, failureOf } from "../../support/doors.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";

const PROMPT = "What is the capital of Noord-Holland?";
const messages = [{ role: "user" as const, content: PROMPT }];
let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

function textOf(message: Anthropic.Message): string {
  return message.content.map((block) => (block.type === "text" ? block.text : "")).join("");
}

describe.each(DEMO_DOORS)("the Anthropic SDK through $name", (door) => {
  const model = door.model("echo");
  const client = (apiKey = gateway.key) =>
    new Anthropic({ baseURL: door.base(gateway), apiKey, maxRetries: 0 });

  test("messages", async () => {
    const answer = await client().messages.create({ model, max_tokens: 200, messages });
    expect(textOf(answer)).toContain(PROMPT);
    expect(answer.usage.output_tokens).toBeGreaterThan(0);
  });

  test("messages, streamed", async () => {
    const stream = client().messages.stream({ model, max_tokens: 200, messages });
    let deltas = 0;
    stream.on("text", () => deltas++);
    expect(textOf(await stream.finalMessage())).toContain(PROMPT);
    expect(deltas).toBeGreaterThan(2);
  });

  test("messages with a bearer key, as with ANTHROPIC_AUTH_TOKEN", async () => {
    const bearer = new Anthropic({
      baseURL: door.base(gateway),
      apiKey: null,
      authToken: gateway.key,
      maxRetries: 0,
    });
    expect(textOf(await bearer.messages.create({ model, max_tokens: 200, messages }))).toContain(PROMPT);
  });

  test("a tool call", async () => {
    const answer = await client().messages.create({
      model: door.model("tools"),
      max_tokens: 200,
      messages,
      tools: [{ name: "look_up", input_schema: { type: "object", properties: {} } }],
    });
    expect(answer.content.find((block) => block.type === "tool_use")?.name).toBe("look_up");
    expect(answer.stop_reason).toBe("tool_use");
  });

  test("count_tokens", async () => {
    const { input_tokens } = await client().messages.countTokens({ model, messages });
    expect(input_tokens).toBeGreaterThan(0);
  });

  test("a wrong key is the SDK's AuthenticationError, for a stream too", async () => {
    const wrong = client("ams_wrong");
    const body = { model, max_tokens: 200, messages };
    expect(await failureOf(() => wrong.messages.create(body))).toBeInstanceOf(Anthropic.AuthenticationError);
    expect(await failureOf(() => wrong.messages.stream(body).finalMessage())).toBeInstanceOf(
      Anthropic.AuthenticationError,
    );
    expect(await failureOf(() => wrong.messages.countTokens({ model, messages }))).toBeInstanceOf(
      Anthropic.AuthenticationError,
    );
  });
});

describe("the Anthropic SDK", () => {
  const client = (path = "") =>
    new Anthropic({ baseURL: gateway.url + path, apiKey: gateway.key, maxRetries: 0 });

  test("gets NotFoundError with the name for a model that no provider has", async () => {
    for (const model of ["nosuch/model-9", "nosuch-model-9"]) {
      const error = await failureOf(() => client().messages.create({ model, max_tokens: 9, messages }));
      expect(error).toBeInstanceOf(Anthropic.NotFoundError);
      expect((error as Error).message).toContain("nosuch");
    }
  });

  test("gets NotFoundError with the name for a provider that is not there", async () => {
    const error = await failureOf(() =>
      client("/v1/nosuch").messages.create({ model: "m", max_tokens: 9, messages }),
    );
    expect(error).toBeInstanceOf(Anthropic.NotFoundError);
    expect((error as Error).message).toContain("nosuch");
  });

  test("gets the provider's own errors by their class", async () => {
    const ask = (model: string) =>
      failureOf(() => client().messages.create({ model, max_tokens: 9, messages }));
    expect(await ask("demo/limited-bare")).toBeInstanceOf(Anthropic.RateLimitError);
    expect(await ask("demo/status-400")).toBeInstanceOf(Anthropic.BadRequestError);
    expect(await ask("demo/overloaded")).toBeInstanceOf(Anthropic.InternalServerError);
  });
});
