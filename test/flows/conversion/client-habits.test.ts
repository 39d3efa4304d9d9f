/** What real clients were seen to send that no API's description leads one to expect. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import Anthropic from "@anthropic-ai/sdk";
import { betaZodTool } from "@anthropic-ai/sdk/helpers/beta/zod";
import { z } from "zod";
import { type DemoTargets, startDemoTargets, TARGETS } from "../../support/demo-targets.ts";

let targets: DemoTargets;
beforeAll(async () => {
  targets = await startDemoTargets();
});
afterAll(() => targets.stop());

async function post(path: string, body: object) {
  const { url, key } = targets.gateway;
  const response = await fetch(url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return {
    status: response.status,
    loss: response.headers.get("x-amsterdam-loss"),
    text: await response.text(),
  };
}

/** The items of a response but the thoughts. */
function outputOf(text: string): object[] {
  const { output } = JSON.parse(text) as { output: { type: string }[] };
  return output.filter(({ type }) => type !== "reasoning");
}

describe.each([...TARGETS])("a provider that speaks $target", ({ provider, format }) => {
  test.each([false, true])(
    "Anthropic's tool runner, which begins with a thread on the server (streamed: %p)",
    async (stream) => {
      const { url, key } = targets.gateway;
      const client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 });
      let runs = 0;
      const weather = betaZodTool({
        name: "weather",
        description: "Weather",
        inputSchema: z.object({ city: z.string() }),
        run: ({ city }) => `fair in ${city} (${++runs})`,
      });
      const params = { model: `${provider}/remembers`, max_tokens: 4000, tools: [weather] };
      const messages = [{ role: "user" as const, content: "How is it there?" }];
      const runner = stream
        ? client.beta.messages.toolRunner({ ...params, messages, stream: true })
        : client.beta.messages.toolRunner({ ...params, messages });
      const last = (await runner.runUntilDone()).content.at(-1);
      expect(last).toMatchObject({ type: "text", text: expect.stringContaining("2 of 2 calls") });
      expect(runs).toBe(2);
    },
  );

  test("Codex tells a goal as the output of a tool that nobody called", async () => {
    const { status, loss, text } = await post("/v1/responses", {
      model: `${provider}/echo`,
      input: [
        { role: "user", content: "Begin." },
        { type: "function_call", call_id: "a", name: "create_goal", arguments: '{"objective":"Win."}' },
        { type: "function_call_output", call_id: "a", output: "made" },
        { type: "function_call_output", name: "goal_objective", namespace: "agent", output: "Win." },
      ],
      tools: [{ type: "function", name: "create_goal", parameters: { type: "object" }, strict: false }],
    });
    expect({ status, loss }).toEqual({ status: 200, loss: null });
    expect(text).toContain("no model was called");
  });

  // Passed on as it is, the demo knows functions alone.
  test.skipIf(format === "openai-responses")(
    "Codex searches for tools itself, and what it found is called",
    async () => {
      const search = { type: "tool_search", execution: "client", parameters: { type: "object" } };
      const found = { type: "function", name: "create_issue", parameters: { type: "object" }, strict: false };
      const input = [
        { role: "user", content: "Report it." },
        { type: "tool_search_call", call_id: "a", execution: "client", arguments: { query: "issue" } },
        {
          type: "tool_search_output",
          call_id: "a",
          execution: "client",
          tools: [{ type: "namespace", name: "tracker", description: "Issues", tools: [found] }],
        },
        { role: "assistant", content: "I found it." },
        { role: "user", content: "Now tracker__create_issue, please." },
      ];
      const asked = { model: `${provider}/tools`, tools: [search], store: false };
      const searched = await post("/v1/responses", { ...asked, input: input.slice(0, 1) });
      expect(outputOf(searched.text)).toMatchObject([
        { type: "tool_search_call", execution: "client", arguments: {} },
      ]);
      const called = await post("/v1/responses", { ...asked, model: `${provider}/echo`, input });
      expect(outputOf(called.text)).toMatchObject([
        { type: "function_call", name: "create_issue", namespace: "tracker" },
      ]);
    },
  );

  test("Gemini CLI sends the results of a conversation that it resumed twice", async () => {
    const result = { functionResponse: { id: "a", name: "f", response: { output: "done" } } };
    const { status, loss, text } = await post(`/v1beta/models/${provider}/echo:generateContent`, {
      contents: [
        { role: "user", parts: [{ text: "Do it." }] },
        { role: "model", parts: [{ functionCall: { id: "a", name: "f", args: {} } }] },
        { role: "user", parts: format === "gemini" ? [result] : [result, result] },
      ],
      tools: [{ functionDeclarations: [{ name: "f" }] }],
    });
    expect({ status, loss }).toEqual({ status: 200, loss: null });
    expect(text).toMatch(/The tool answered: [^|]*$/m);
  });

  test("Amp's subagents leave the names of results out", async () => {
    const { status, text } = await post(`/v1beta/models/${provider}/echo:generateContent`, {
      contents: [
        { role: "user", parts: [{ text: "Do it." }] },
        { role: "model", parts: [{ functionCall: { id: "call_1", name: "glob", args: {} } }] },
        { role: "user", parts: [{ functionResponse: { name: "", response: { output: "done" } } }] },
      ],
      tools: [{ functionDeclarations: [{ name: "glob" }] }],
    });
    expect({ status, text }).toMatchObject({
      status: 200,
      text: expect.stringContaining("The tool answered"),
    });
  });

  test("Claude Code's settings for every request are no loss", async () => {
    const { status, loss } = await post("/v1/messages?beta=true", {
      model: `${provider}/echo`,
      max_tokens: 64_000,
      messages: [
        { role: "user", content: [{ type: "text", text: "hi", cache_control: { type: "ephemeral" } }] },
      ],
      metadata: { user_id: JSON.stringify({ device_id: "d".repeat(64), session_id: "s".repeat(36) }) },
      thinking: { type: "adaptive" },
      context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] },
      output_config: { effort: "high" },
    });
    expect({ status, loss }).toEqual({ status: 200, loss: null });
  });
});
