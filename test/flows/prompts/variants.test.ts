import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { ResponsesWS } from "openai/resources/responses/ws";
import { admin } from "../../support/admin-client.ts";
import { failureOf } from "../../support/doors.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { lastBody, plainProviders } from "../../support/plain-answers.ts";
import { callTemplated, TEMPLATED_CALLS } from "../../support/templated-calls.ts";
import { until } from "../../support/until.ts";

const [chat, responses, messages, gemini] = TEMPLATED_CALLS as unknown as Record<
  number,
  (typeof TEMPLATED_CALLS)[number]
> &
  (typeof TEMPLATED_CALLS)[number][];

let upstream: FaultUpstream;
let gateway: Gateway;
/** A template of each test's own, with versions 1 to 3. */
let name: string;
beforeAll(async () => {
  upstream = startFaultUpstream();
  gateway = await startGateway({
    config: {
      providers: plainProviders(upstream),
      routes: { cheap: { targets: ["anthropic/claude-haiku-4-5"] } },
      endpoints: [
        {
          path: "/own/{id}/v1/chat/completions",
          target_url: `${upstream.url}/openai/v1/chat/completions`,
          custom_headers: { authorization: "Bearer upstream-key" },
        },
      ],
    },
  });
});
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});
beforeEach(async () => {
  name = `t${crypto.randomUUID().slice(0, 8)}`;
  for (const version of ["1", "2", "3"])
    await admin(gateway, "POST", version === "1" ? "/prompts" : `/prompts/${name}/versions`, {
      ...(version === "1" ? { name } : {}),
      version,
      text: `Version ${version} for {{ name }}`,
    });
});

const own = () => ({ template: "Own for {{ name }}", template_id: `${name}-v1`, variables: { name: "Ada" } });

/** Two variants that bring the same, so that every request has one. */
async function experiment(
  variant: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Promise<string> {
  const variants = ["a", "b"].map((each) => ({ name: each, version: "2", ...variant }));
  const settings = { template: name, variants, metric: { name: "helpful" }, start: true, ...more };
  return (await admin<{ id: string }>(gateway, "POST", "/experiments", settings)).id;
}

interface Recorded {
  readonly requests: readonly {
    readonly operation: string;
    readonly path: string;
    readonly templates: readonly {
      source: string;
      version: string | null;
      problem: string | null;
      drift: boolean;
    }[];
    readonly decisions: readonly { experiment: string; variant: string; unit: string; probability: number }[];
  }[];
}

/** Records of this test's template, once there are so many. */
const recorded = (count: number, query = `template_id=${name}-v1`) =>
  until(`${count} requests are recorded`, async () => {
    const { requests } = await admin<Recorded>(gateway, "GET", `/requests?${query}`);
    return requests.length >= count ? requests : undefined;
  });

describe("a variant", () => {
  test("brings a model and parameters; nothing else of the body changes", async () => {
    await experiment({ model: "openai/gpt-5-mini", parameters: { temperature: 0.25, max_tokens: 9 } });
    const { headers } = await callTemplated(gateway, chat!, own(), {
      model: "openai/gpt-5",
      body: { temperature: 1, user: "u", seed: 1 },
    });
    expect(await lastBody(upstream, "openai")).toEqual({
      model: "gpt-5-mini",
      messages: [{ role: "user", content: "Version 2 for Ada" }],
      temperature: 0.25,
      user: "u",
      seed: 1,
      max_tokens: 9,
    });
    expect(headers.get("x-amsterdam-model")).toBe("gpt-5-mini");
    expect(headers.get("x-amsterdam-template")).toBe(`${name}-v2`);
    expect(headers.get("x-amsterdam-variant")).toMatch(/^[ab]$/);
  });

  test("brings a model of another provider, in another API, whatever the client speaks", async () => {
    await experiment({ model: "anthropic/claude-haiku-4-5", parameters: { max_tokens: 9 } });
    for (const call of [chat!, responses!, messages!, gemini!]) {
      const { status, headers, text } = await callTemplated(gateway, call, own(), { model: "openai/gpt-5" });
      expect([status, text, headers.get("x-amsterdam-provider")]).toEqual([200, "Done.", "anthropic"]);
      expect(await lastBody(upstream, "anthropic")).toMatchObject({
        model: "claude-haiku-4-5",
        max_tokens: 9,
      });
      expect(JSON.stringify(await lastBody(upstream, "anthropic"))).toContain("Version 2 for Ada");
    }
  });

  test("brings one also at a provider's own door", async () => {
    await experiment({ model: "anthropic/claude-haiku-4-5" });
    const { status, headers } = await callTemplated(gateway, chat!, own(), {
      model: "gpt-5",
      prefix: "/v1/openai",
    });
    expect([status, headers.get("x-amsterdam-provider")]).toEqual([200, "anthropic"]);
  });

  test("brings a route", async () => {
    await experiment({ route: "cheap" });
    const { headers } = await callTemplated(gateway, chat!, own(), { model: "openai/gpt-5" });
    expect([headers.get("x-amsterdam-route"), headers.get("x-amsterdam-provider")]).toEqual([
      "cheap",
      "anthropic",
    ]);
  });

  test("that asks for what this gateway does not serve leaves the client's text and model", async () => {
    // The route is there when the experiment starts; behind the endpoint such a model might be known.
    await admin(gateway, "PUT", "/routes/gone", { targets: ["demo/echo"] });
    for (const lost of [{ route: "gone" }, { model: "nobody/none" }]) {
      const id = await experiment(lost);
      if ("route" in lost) await admin(gateway, "DELETE", "/routes/gone");
      const told = await callTemplated(gateway, chat!, own(), { model: "openai/gpt-5" });
      expect([told.status, told.headers.get("x-amsterdam-experiment")]).toEqual([200, id]);
      expect(told.headers.get("x-amsterdam-warning")).toContain(
        `asks for ${Object.values(lost)[0]}, which is not`,
      );
      expect(await lastBody(upstream, "openai")).toEqual({
        model: "gpt-5",
        messages: [{ role: "user", content: "Own for Ada" }],
      });
      await admin(gateway, "POST", `/experiments/${id}/end`);
    }
  });

  test("serves an endpoint of the configuration with its text", async () => {
    await experiment({});
    const response = await fetch(`${gateway.url}/own/7/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "any", ...chat!.body(own()) }),
    });
    expect([response.status, response.headers.get("x-amsterdam-template")]).toEqual([200, `${name}-v2`]);
    await response.arrayBuffer();
    expect(await lastBody(upstream, "openai")).toEqual({
      model: "any",
      messages: [{ role: "user", content: "Version 2 for Ada" }],
    });
  });
});

describe("an experiment", () => {
  test("is decided by its contexts; outside of them the client's own text goes out", async () => {
    await experiment({}, { contexts: { agents: ["writer"], tags: ["tier=*"] } });
    const served = async (body: Record<string, unknown>) =>
      (await callTemplated(gateway, chat!, own(), { body })).headers.get("x-amsterdam-template");
    expect(await served({ agent_id: "writer", tags: { tier: "gold" } })).toBe(`${name}-v2`);
    expect(await served({ agent_id: "writer", tags: ["other"] })).toBe(`${name}-v1`);
    expect(await served({ agent_id: "reader", tags: { tier: "gold" } })).toBe(`${name}-v1`);
    expect(await served({})).toBe(`${name}-v1`);
  });

  test.each([
    ["run", { run_id: "u-7" }, {}],
    ["thread", { thread_id: "u-7" }, { "x-amsterdam-run-id": "other" }],
    ["agent", { agent_id: "u-7" }, {}],
    ["request", { request_id: "u-7" }, {}],
    ["variable:name", {}, {}],
  ])("with the unit %s is sticky and tells the unit", async (unit, body, headers) => {
    const variants = ["1", "2", "3"].map((version) => ({ name: `v${version}`, version }));
    await experiment({}, { unit, variants });
    const told = new Set<string | null>();
    for (let i = 0; i < 5; i++)
      told.add(
        (await callTemplated(gateway, chat!, own(), { body, headers })).headers.get("x-amsterdam-variant"),
      );
    expect(told.size).toBe(1);
    const [first] = await recorded(5);
    expect(first?.decisions[0]?.unit).toMatch(unit === "variable:name" ? /^[0-9a-f]{16}$/ : /^u-7$/);
  });

  test("that ends in mid-run leaves the run to what is served then; records and feedback of before stay", async () => {
    const id = await experiment({}, { contexts: {} });
    const ask = () => callTemplated(gateway, chat!, own(), { body: { run_id: `${name}-run` } });
    const before = await ask();
    expect(before.headers.get("x-amsterdam-experiment")).toBe(id);
    await admin(gateway, "POST", `/experiments/${id}/end`);
    const after = await ask();
    expect([after.headers.get("x-amsterdam-experiment"), after.headers.get("x-amsterdam-template")]).toEqual([
      null,
      `${name}-v1`,
    ]);
    await recorded(2);
    const variant = `${id}/${before.headers.get("x-amsterdam-variant")}`;
    expect(await recorded(1, `variant=${encodeURIComponent(variant)}`)).toHaveLength(1);
    expect((await admin<Recorded>(gateway, "GET", `/requests?variant=${id}/nobody`)).requests).toEqual([]);
    const { rows } = await admin<{ rows: unknown[] }>(gateway, "GET", "/statistics?by=variant");
    expect(JSON.stringify(rows)).toContain(variant);
    // Feedback for what nobody knows is taken, and changes nothing.
    const feedback = await fetch(`${gateway.url}/v1/feedback`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
      body: JSON.stringify({ run_id: "run-of-nobody", name: "helpful", value: true }),
    });
    expect(feedback.ok).toBeTrue();
    const { report } = await admin<{ report: { requests: number; variants: { judged: number }[] } }>(
      gateway,
      "GET",
      `/experiments/${id}`,
    );
    expect(report.requests).toBe(1);
    expect(report.variants.map(({ judged }) => judged)).toEqual([0, 0]);
  });

  test("counts a response that is made in the background once, with the variant's text and model", async () => {
    const id = await experiment({ model: "demo/echo" });
    const body = { background: true, store: true };
    const asked = await callTemplated(gateway, responses!, own(), {
      model: "demo/echo",
      body: { ...body, run_id: name },
    });
    expect(asked.status).toBe(200);
    expect(asked.headers.get("x-amsterdam-template")).toBe(`${name}-v2`);
    expect(asked.headers.get("x-amsterdam-experiment")).toBe(id);
    const { id: response } = asked.json as { id: string };
    const done = await until("it is done", async () => {
      const answer = await fetch(`${gateway.url}/v1/responses/${response}`, {
        headers: { authorization: `Bearer ${gateway.key}` },
      });
      const kept = (await answer.json()) as { status?: string; output?: unknown };
      return kept.status === "completed" ? JSON.stringify(kept.output) : undefined;
    });
    expect(done).toContain("Version 2 for Ada");
    const all = await until("both are recorded", async () => {
      const { requests } = await admin<Recorded>(gateway, "GET", `/requests?template_id=${name}-v1`);
      return requests.some(({ decisions }) => decisions.length > 0) ? requests : undefined;
    });
    const decisions = all.flatMap((record) => record.decisions);
    expect(decisions.map(({ experiment: of, unit }) => [of, unit])).toEqual([[id, name]]);
  });

  test("is decided once for each response over the Responses WebSocket", async () => {
    const id = await experiment({});
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key });
    const ws = new ResponsesWS(client);
    const texts: string[] = [];
    for (let turn = 0; turn < 2; turn++) {
      ws.send({
        type: "response.create",
        model: "demo/echo",
        store: false,
        input: [{ role: "user", ...own() }],
        run_id: name,
      } as never);
      for await (const event of ws) {
        if (event.type !== "message") continue;
        const { message } = event;
        if (message.type === "error") throw new Error(JSON.stringify(message));
        if (message.type !== "response.completed") continue;
        texts.push(JSON.stringify(message.response.output));
        break;
      }
    }
    ws.close();
    expect(texts).toHaveLength(2);
    for (const text of texts) expect(text).toContain("Version 2 for Ada");
    const all = await recorded(2);
    expect(all.map(({ decisions }) => decisions.map(({ experiment: of }) => of))).toEqual([[id], [id]]);
  });

  test("what cannot be rendered is an error event over the WebSocket, and the next message is served", async () => {
    const ws = new WebSocket(`${gateway.url.replace("http", "ws")}/v1/responses?key=${gateway.key}`);
    const told: string[] = [];
    ws.addEventListener("message", ({ data }) => void told.push(String(data)));
    await until("it is open", () => ws.readyState === WebSocket.OPEN);
    const send = (variables: Record<string, unknown>) => {
      const input = [{ role: "user", ...own(), variables }];
      ws.send(JSON.stringify({ type: "response.create", model: "demo/echo", store: false, input }));
    };
    send({});
    const refusal = await until("it is refused", () => told.find((text) => text.includes('"error"')));
    expect(JSON.parse(refusal)).toMatchObject({
      type: "error",
      status: 400,
      error: {
        message: `input[0]: template ${name}, version 1, message 1, line 1, column 12: variable name is missing.`,
        param: "input[0].variables",
      },
    });
    send({ name: "Ada" });
    const done = await until("it is served", () =>
      told.find((text) => text.includes('"response.completed"')),
    );
    expect(done).toContain("Own for Ada");
    ws.close();
  });

  test("counts no request whose tokens are counted", async () => {
    await experiment({});
    const response = await fetch(`${gateway.url}/v1/messages/count_tokens`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "demo/echo", ...messages!.body(own()) }),
    });
    expect([response.status, response.headers.get("x-amsterdam-template")]).toEqual([200, `${name}-v2`]);
    const [record] = await recorded(1);
    expect(record?.decisions).toEqual([]);
  });

  test("records what it decided for a request that was refused", async () => {
    await admin(gateway, "POST", `/prompts/${name}/versions`, { version: "4", text: "{{ nobody }}" });
    const id = await experiment({ version: "4" });
    const refused = await callTemplated(gateway, chat!, { template_id: `${name}-v1`, variables: {} });
    expect(refused.status).toBe(400);
    expect(chat!.errorOf(refused.json).message).toContain(
      "version 4, message 1, line 1, column 4: variable nobody",
    );
    const [record] = await recorded(1);
    expect(record?.templates[0]).toMatchObject({ source: "none", version: "4" });
    expect(record?.decisions[0]?.experiment).toBe(id);
    const fallen = await callTemplated(gateway, chat!, { ...own(), content: "own" });
    expect(fallen.headers.get("x-amsterdam-warning")).toContain("version 4");
    expect(fallen.headers.get("x-amsterdam-experiment")).toBe(id);
  });
});

describe("a prompt's version", () => {
  test("that is named by OpenAI's prompt field becomes input, model and parameters; others are the provider's", async () => {
    await admin(gateway, "POST", `/prompts/${name}/versions`, {
      version: "5",
      model: "openai/gpt-5-nano",
      parameters: { max_tokens: 77, temperature: 0.1 },
      messages: [
        { role: "system", text: "Be kind." },
        { role: "user", text: "About {{ name }}" },
      ],
    });
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 });
    await client.responses.create({
      prompt: { id: name, version: "5", variables: { name: "Ada" } },
      input: "go",
      store: false,
      temperature: 1,
    });
    expect(await lastBody(upstream, "openai")).toEqual({
      model: "gpt-5-nano",
      input: [
        { role: "system", content: "Be kind." },
        { role: "user", content: "About Ada" },
        { role: "user", content: "go" },
      ],
      store: false,
      temperature: 1,
      max_output_tokens: 77,
    });
    const prompt = { id: "pmpt_abc", version: "3", variables: { name: "Ada" } };
    await client.responses.create({ model: "openai/gpt-5", prompt, input: "go", store: false });
    expect(await lastBody(upstream, "openai")).toEqual({ model: "gpt-5", prompt, input: "go", store: false });
    const missing = () =>
      client.responses.create({ model: "openai/gpt-5", prompt: { id: name, version: "9" } });
    expect(await failureOf(missing)).toMatchObject({ status: 400, param: "prompt.template_id" });
  });
});
