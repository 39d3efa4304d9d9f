/** What a target cannot express is named, or refused. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { json, sseEvents, stream } from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";

const USAGE = { input_tokens: 3, output_tokens: 2 };
const MESSAGE = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "m",
  content: [{ type: "text", text: "hi" }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: USAGE,
};
const EVENTS = sseEvents(
  { type: "message_start", message: { ...MESSAGE, content: [], stop_reason: null } },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "hi" } },
  { type: "content_block_stop", index: 0 },
  {
    type: "message_delta",
    delta: { stop_reason: "end_turn", stop_sequence: null },
    usage: { output_tokens: 2 },
  },
  { type: "message_stop" },
);
const LOSSY = {
  model: "claude/m",
  logit_bias: { 5: 1 },
  seed: 3,
  messages: [{ role: "user", content: "hi" }],
};

let upstream: FaultUpstream;
let gateway: Gateway;
let strict: Gateway;

beforeAll(async () => {
  upstream = startFaultUpstream();
  const base_url = upstream.script("claude", (exchange) =>
    exchange.body.then((body) =>
      (Buffer.from(body).includes('"stream":true') ? stream(EVENTS) : json(MESSAGE))(exchange),
    ),
  );
  const providers = { claude: { base_url, api_key: "key-of-claude", formats: ["anthropic-messages"] } };
  [gateway, strict] = await Promise.all([
    startGateway({ config: { providers } }),
    startGateway({ config: { providers, conversion: { strict: true } } }),
  ]);
});
afterAll(async () => {
  await Promise.all([gateway.stop(), strict.stop()]);
  upstream.stop();
});

function ask(body: object, at: Gateway = gateway, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${at.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${at.key}`, "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

describe("what the target cannot express", () => {
  test.each([false, true])("is named in the answer, streamed: %p", async (streamed) => {
    const response = await ask({ ...LOSSY, stream: streamed });
    expect([response.status, response.headers.get("x-amsterdam-loss")]).toEqual([200, "logit_bias; seed"]);
    expect(await response.text()).toContain("hi");
  });

  test("is not named where nothing is lost", async () => {
    const response = await ask({ model: "claude/m", messages: LOSSY.messages });
    expect([response.status, response.headers.get("x-amsterdam-loss")]).toEqual([200, null]);
    await response.text();
  });

  test.each([
    ["the body", { ...LOSSY, strict: true }, {}],
    ["a header field", LOSSY, { "x-amsterdam-strict": "true" }],
  ])("is refused where %s says strict, and nothing is sent", async (_, body, headers) => {
    const before = upstream.received("claude").length;
    const response = await ask(body, gateway, headers as Record<string, string>);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: "conversion_refused", message: expect.stringContaining("logit_bias") },
    });
    expect(upstream.received("claude")).toHaveLength(before);
  });

  test("is refused where the configuration says strict; what loses nothing is served", async () => {
    expect((await ask(LOSSY, strict)).status).toBe(400);
    const whole = { model: "claude/m", strict: true, max_tokens: 5, messages: LOSSY.messages };
    expect((await ask(whole, strict)).status).toBe(200);
    const sent = Buffer.from(await upstream.received("claude").at(-1)!.body).toString();
    expect(sent).not.toContain("strict");
  });

  test("is refused in any case where the meaning would change", async () => {
    const response = await ask({ model: "claude/m", n: 3, messages: LOSSY.messages });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "conversion_refused" } });
  });
});
