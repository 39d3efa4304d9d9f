import { afterAll, beforeAll, expect, test } from "bun:test";
import Anthropic from "@anthropic-ai/sdk";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { json } from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { lastBody } from "../../support/plain-answers.ts";

const SIGNATURE = "c2lnbmVkIGJ5IHRoZSBmaXJzdA==";
const ANSWER = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "m",
  content: [
    { type: "thinking", thinking: "The tide is asked for.", signature: SIGNATURE },
    { type: "tool_use", id: "toolu_1", name: "tide", input: {} },
  ],
  stop_reason: "tool_use",
  stop_sequence: null,
  usage: { input_tokens: 5, output_tokens: 2 },
};
let isFirstDown = false;
let upstream: FaultUpstream;
let gateway: Gateway;
beforeAll(async () => {
  upstream = startFaultUpstream();
  const provider = (name: string, isDown: () => boolean) => ({
    base_url: upstream.script(name, async (exchange) => {
      if (isDown()) exchange.reset();
      else await json(ANSWER)(exchange);
    }),
    api_key: "key",
    formats: ["anthropic-messages"],
    retry: { max_attempts: 1 },
  });
  gateway = await startGateway({
    config: {
      providers: { first: provider("first", () => isFirstDown), second: provider("second", () => false) },
      routes: { both: { targets: ["first/m", "second/m"] } },
    },
  });
});
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

test("another provider that takes a conversation over gets no signatures of the one before", async () => {
  const client = new Anthropic({ baseURL: gateway.url, apiKey: gateway.key, maxRetries: 0 });
  const messages: Anthropic.MessageParam[] = [{ role: "user", content: "What is the tide at noon?" }];
  const tools: Anthropic.Tool[] = [{ name: "tide", input_schema: { type: "object" } }];
  const ask = () =>
    client.messages.create({ model: "both", max_tokens: 2000, messages, tools }).withResponse();
  for (let turn = 0; turn < 3; turn++) {
    isFirstDown = turn === 2;
    const { data, response } = await ask();
    expect(response.headers.get("x-amsterdam-provider")).toBe(isFirstDown ? "second" : "first");
    messages.push(
      { role: "assistant", content: data.content },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "low" }] },
    );
  }
  expect(JSON.stringify(await lastBody(upstream, "first"))).toContain(SIGNATURE);
  const taken = await lastBody(upstream, "second");
  expect(JSON.stringify(taken)).not.toContain(SIGNATURE);
  expect(JSON.stringify(taken)).toContain("toolu_1");
  expect(taken.tools).toEqual(tools as never);
  isFirstDown = false;
  // It stays with who serves it now.
  expect((await ask()).response.headers.get("x-amsterdam-provider")).toBe("second");
});
