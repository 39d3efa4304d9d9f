/** The model's name in answers of Anthropic's API, where the gateway told the provider another one than the client asked for. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import Anthropic from "@anthropic-ai/sdk";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { answer, json, stream } from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";

const MESSAGE = {
  content: [{ type: "text", text: 'say "model":"x"' }],
  model: "claude-upstream",
  id: "msg_1",
  type: "message",
  role: "assistant",
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 3, output_tokens: 2 },
};
const EVENTS = [
  { type: "message_start", message: { ...MESSAGE, content: [], stop_reason: null } },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: '"model":"claude-upstream"' } },
  { type: "content_block_stop", index: 0 },
  {
    type: "message_delta",
    delta: { stop_reason: "end_turn", stop_sequence: null },
    usage: { output_tokens: 2 },
  },
  { type: "message_stop" },
].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
const WIRE = `: hi\n\nevent: ping\ndata: {"type": "ping"}\n\n${EVENTS.join("")}`;
const ASKED = { max_tokens: 5, messages: [{ role: "user", content: "hi" }] };

let upstream: FaultUpstream;
let gateway: Gateway;

beforeAll(async () => {
  upstream = startFaultUpstream();
  const base_url = upstream.script("claude", json(MESSAGE));
  gateway = await startGateway({
    config: {
      providers: {
        claude: { base_url, api_key: "key-of-claude", formats: ["anthropic-messages"], models: ["claude-*"] },
      },
      routes: { smart: { targets: ["claude/claude-upstream"] } },
    },
  });
});
afterAll(async () => {
  await gateway.stop();
  upstream.stop();
});

async function ask(body: object, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(`${gateway.url}/v1/messages`, {
    method: "POST",
    headers: { "x-api-key": gateway.key, "content-type": "application/json", ...headers },
    body: JSON.stringify({ ...ASKED, ...body }),
  });
}

describe("the model of the answer", () => {
  test.each(["claude/claude-upstream", "smart"])(
    "is the one that was asked for, %s, and nothing else is changed",
    async (model) => {
      upstream.script("claude", json(MESSAGE));
      const text = await (await ask({ model })).text();
      expect(text).toBe(JSON.stringify(MESSAGE).replace("claude-upstream", model));
    },
  );

  test.each([1, 3, 7, 64, 100_000])("is it in a stream that comes in pieces of %i bytes", async (size) => {
    const bytes = Buffer.from(WIRE);
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
    upstream.script("claude", stream(pieces));
    const text = await (await ask({ model: "smart", stream: true })).text();
    expect(text).toBe(WIRE.replace("claude-upstream", "smart"));
  });

  test("is the upstream's own where the name was not changed, byte for byte", async () => {
    upstream.script("claude", stream([WIRE]));
    expect(await (await ask({ model: "claude-upstream", stream: true })).text()).toBe(WIRE);
  });

  test("is asked for uncompressed, and one that is compressed all the same passes as it came", async () => {
    upstream.script(
      "claude",
      answer(
        200,
        { "content-type": "application/json", "content-encoding": "gzip" },
        Bun.gzipSync(JSON.stringify(MESSAGE)),
      ),
    );
    const body = await (await ask({ model: "smart" }, { "accept-encoding": "gzip" })).json();
    expect(upstream.received("claude").at(-1)!.header("accept-encoding")).toEqual(["identity"]);
    expect(body).toEqual(MESSAGE);
    await ask({ model: "claude-upstream" }, { "accept-encoding": "gzip" });
    expect(upstream.received("claude").at(-1)!.header("accept-encoding")).toEqual(["gzip"]);
  });

  test.each(['{"model":7}', '{"type":"message"}', "[]", '{"model"', '{"a":{"model":"x"}}'])(
    "is left alone in %s",
    async (text) => {
      upstream.script("claude", answer(200, { "content-type": "application/json" }, text));
      expect(await (await ask({ model: "smart" })).text()).toBe(text.replace("7", '"smart"'));
    },
  );

  test("is what the SDK shows", async () => {
    upstream.script("claude", stream([WIRE]));
    const client = new Anthropic({ baseURL: gateway.url, apiKey: gateway.key, maxRetries: 0 });
    const message = await client.messages
      .stream({ model: "smart", max_tokens: 5, messages: [{ role: "user", content: "hi" }] })
      .finalMessage();
    expect(message).toMatchObject({ model: "smart", content: [{ text: '"model":"claude-upstream"' }] });
  });
});
