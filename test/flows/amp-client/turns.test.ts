import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type DemoProvider, startDemoProvider } from "../../../src/providers/demo/server.ts";
import { type Gateway, spawnAmsterdam, startGateway } from "../../support/gateway.ts";
import { until } from "../../support/until.ts";
import { internal, sync } from "./calls.ts";
import { type Machine, makeMachine, runAmp, streamedLines } from "./cli.ts";

let demo: DemoProvider;
let gateway: Gateway;
const machines: Machine[] = [];

/** A new machine; all of them are removed at the end. */
function machine(): Machine {
  const made = makeMachine();
  machines.push(made);
  return made;
}

beforeAll(async () => {
  demo = startDemoProvider();
  // The client names models of Anthropic, OpenAI and Google; the demo provider stands where those would be.
  const provider = { base_url: `${demo.url}/v1`, api_key: "none" };
  const google = { base_url: `${demo.url}/v1beta`, api_key: "none" };
  gateway = await startGateway({ config: { providers: { anthropic: provider, openai: provider, google } } });
});
afterAll(async () => {
  await gateway.stop();
  await demo.stop();
  for (const made of machines) made.remove();
});

/** Lines of the log are written a moment after the answer. */
function logged(wanted: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
  return until("the request is logged", () => gateway.logs().find(wanted));
}

async function threadIds(): Promise<string[]> {
  const { process: child, output } = spawnAmsterdam(gateway.dir, ["threads", "list", "--json"]);
  expect(await child.exited).toBe(0);
  return (JSON.parse(output()) as { id: string }[]).map(({ id }) => id);
}

describe("the Amp CLI", () => {
  test("answers in its default mode, by Anthropic's API", async () => {
    const run = await runAmp(machine(), gateway, ["-x", "Good morning"]);
    expect(run).toMatchObject({ exitCode: 0, stderr: "" });
    expect(run.stdout).toContain("no model was called");
    expect(run.stdout).toContain("Good morning");
    const turn = await logged(
      (line) => line.path === "/api/provider/anthropic/v1/messages" && !!line.agent_id,
    );
    expect(turn).toMatchObject({
      status: 200,
      agent_id: "amp.chat",
      thread_id: expect.stringMatching(/^T-/),
    });
  });

  test("answers in deep mode, by the Responses API", async () => {
    const run = await runAmp(machine(), gateway, ["-x", "Good night", "-m", "deep"]);
    expect(run).toMatchObject({ exitCode: 0, stderr: "" });
    expect(run.stdout).toContain("Good night");
    const turn = await logged((line) => line.path === "/api/provider/openai/v1/responses");
    expect(turn).toMatchObject({ status: 200, provider: "openai" });
  });

  test("has a subagent answer by Gemini's API", async () => {
    const run = await runAmp(machine(), gateway, ["-x", "Please call finder", "--dangerously-allow-all"]);
    expect(run).toMatchObject({ exitCode: 0 });
    const subagent = await logged((line) =>
      String(line.path).includes("/google/v1beta1/publishers/google/models/"),
    );
    expect(subagent).toMatchObject({
      status: 200,
      provider: "gemini",
      model: expect.stringMatching(/^gemini-/),
    });
  });

  test("runs a tool that the model calls, and its thread is there for another machine", async () => {
    const run = await runAmp(machine(), gateway, [
      "-x",
      "Please call Bash",
      "--dangerously-allow-all",
      "--stream-json",
    ]);
    expect(run).toMatchObject({ exitCode: 0, stderr: "" });
    const lines = streamedLines(run);
    const id = String(lines[0]?.session_id);
    expect(JSON.stringify(lines)).toContain('"type":"tool_use"');
    expect(lines.at(-1)).toMatchObject({ type: "result", is_error: false });
    expect(String(lines.at(-1)?.result)).toContain("The tool answered");

    expect(await threadIds()).toContain(id);
    const { process: child, output } = spawnAmsterdam(gateway.dir, ["threads", "show", id.slice(0, 20)]);
    expect(await child.exited).toBe(0);
    expect(output()).toContain("(calls Bash)");
    expect(output()).toContain("AMP_API_KEY");

    const { result } = await internal(gateway, "getThread", { thread: id });
    expect(result.thread.data.messages).toHaveLength(4);
    const { threadActions } = await sync(gateway, { threadVersions: [{ id, v: -1 }], threadMetas: [] });
    expect(threadActions).toEqual([{ id, action: "download", thread: result.thread.data }]);

    const second = machine();
    const listed = await runAmp(second, gateway, ["threads", "list", "--json"]);
    expect(listed.exitCode).toBe(0);
    expect((JSON.parse(listed.stdout) as { id: string }[]).map((entry) => entry.id)).toContain(id);
    const continued = await runAmp(second, gateway, ["threads", "continue", id, "-x", "And now?"]);
    expect(continued).toMatchObject({ exitCode: 0 });
    expect(continued.stdout).toContain("And now?");
    const after = await internal(gateway, "getThread", { thread: id });
    expect(after.result.thread.data.messages).toHaveLength(6);

    const renamed = await runAmp(second, gateway, ["threads", "rename", id, "Of the zebra"]);
    expect(renamed.stdout).toContain("renamed");
    const found = await runAmp(second, gateway, ["threads", "search", "zebra", "--json"]);
    expect(JSON.parse(found.stdout)).toMatchObject([{ id, title: "Of the zebra" }]);
    const deleted = await runAmp(second, gateway, ["threads", "delete", id]);
    expect(deleted.stdout).toContain("deleted");
    expect(await threadIds()).not.toContain(id);
  });
});
