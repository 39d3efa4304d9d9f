import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Format } from "../../../src/exchange/formats.ts";
import { type DemoTargets, startDemoTargets, TARGETS } from "../../support/demo-targets.ts";
import { breaches } from "../../support/protocol.ts";
import { readStreamed } from "../../support/streamed.ts";

interface AgentRequest {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Record<string, unknown>;
}

const AGENTS: readonly { readonly agent: string; readonly format: Format; readonly tool: string }[] = [
  { agent: "codex", format: "openai-responses", tool: "exec_command" },
  { agent: "claude-code", format: "anthropic-messages", tool: "Agent" },
  { agent: "gemini-cli", format: "gemini", tool: "update_topic" },
  { agent: "opencode", format: "openai-chat", tool: "bash" },
];

function requestsOf(agent: string): [AgentRequest, AgentRequest] {
  const file = join(import.meta.dirname, "../../fixtures/agents", `${agent}.json`);
  return JSON.parse(readFileSync(file, "utf8")) as [AgentRequest, AgentRequest];
}

let targets: DemoTargets;
beforeAll(async () => {
  targets = await startDemoTargets();
});
afterAll(() => targets.stop());

/** Sends a recorded request to a provider, with nothing changed but the model. */
async function send(
  { path, headers, body }: AgentRequest,
  format: Format,
  provider: string,
): Promise<string> {
  const { url, key } = targets.gateway;
  const model = `${provider}/tools`;
  const response = await fetch(url + path.replace("/models/tools:", `/models/${model}:`), {
    method: "POST",
    headers: { ...headers, authorization: `Bearer ${key}` },
    body: JSON.stringify(format === "gemini" ? body : { ...body, model }),
  });
  const text = await response.text();
  expect({ status: response.status, type: response.headers.get("content-type"), text }).toMatchObject({
    status: 200,
    type: expect.stringContaining("text/event-stream"),
  });
  const includeUsage = body.stream_options !== undefined;
  expect(breaches(format, { text, stream: true, includeUsage })).toEqual([]);
  return text;
}

describe.each([...AGENTS])("$agent", ({ agent, format, tool }) => {
  const [first, second] = requestsOf(agent);

  test.each([...TARGETS])("has its tool called by a provider that speaks $target", async ({ provider }) => {
    const { calls } = readStreamed(format, await send(first, format, provider));
    expect(calls).toEqual([tool]);
  });

  test.each([...TARGETS])(
    "has its tool's result read by a provider that speaks $target",
    async ({ provider }) => {
      const { text, calls } = readStreamed(format, await send(second, format, provider));
      expect(calls).toEqual([]);
      expect(text).toContain("The tool answered:");
    },
  );
});
