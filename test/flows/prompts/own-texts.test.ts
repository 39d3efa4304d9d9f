import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { admin } from "../../support/admin-client.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { lastBody, plainProviders } from "../../support/plain-answers.ts";
import { callTemplated, TEMPLATED_CALLS } from "../../support/templated-calls.ts";
import { until } from "../../support/until.ts";

const chat = TEMPLATED_CALLS[0]!;
const OWN = { template: "Hello {{ name }}!", template_id: "greeting-v1", variables: { name: "Ada" } };

let upstream: FaultUpstream;
let gateway: Gateway;
let config: Record<string, unknown>;
/** Of the name "nightly". */
let key: { key: { id: string }; secret: string };
beforeAll(async () => {
  upstream = startFaultUpstream();
  config = { providers: plainProviders(upstream) };
  gateway = await startGateway({ config: { ...config, prompts: { own_text_keys: ["nightly"] } } });
  key = await admin(gateway, "POST", "/keys", { name: "nightly" });
  await admin(gateway, "POST", "/prompts", { name: "greeting", version: "1", text: "Hello {{ name }}!" });
  await admin(gateway, "POST", "/prompts/greeting/versions", { version: "2", text: "Hi {{ name }}" });
  await admin(gateway, "PUT", "/prompts/greeting/labels/production", { version: "2" });
});
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

const ask = (message: Record<string, unknown>, headers: Record<string, string> = {}, as = gateway.key) =>
  callTemplated({ url: gateway.url, key: as }, chat, message, { model: "openai/gpt-5", headers });
const served = async (...of: Parameters<typeof ask>) =>
  (await ask(...of)).headers.get("x-amsterdam-template");

test("a key that keeps its own texts does so by name or id, until the configuration says otherwise", async () => {
  expect(await served(OWN)).toBe("greeting-v2");
  expect(await served(OWN, {}, key.secret)).toBe("greeting-v1");
  // Where it has no text there is none to keep.
  expect(await served({ template_id: "greeting-v1", variables: { name: "Ada" } }, {}, key.secret)).toBe(
    "greeting-v2",
  );
  gateway.writeConfig({ ...config, prompts: { own_text_keys: [] } });
  await until("the key is served", async () => (await served(OWN, {}, key.secret)) === "greeting-v2");
  gateway.writeConfig({ ...config, prompts: { own_text_keys: [key.key.id] } });
  await until("the key's id counts", async () => (await served(OWN, {}, key.secret)) === "greeting-v1");
  expect(await served(OWN)).toBe("greeting-v2");
});

test("a pin is served to all that are served at all; an archived version to nobody", async () => {
  await admin(gateway, "PUT", "/prompts/greeting/pin", { version: "1" });
  expect(await served(OWN, { "x-amsterdam-label": "production" })).toBe("greeting-v1");
  await admin(gateway, "DELETE", "/prompts/greeting/pin");
  await admin(gateway, "POST", "/prompts/greeting/versions", { version: "3", text: "Hey" });
  expect((await ask({ template_id: "other-v3" })).status).toBe(400);
  await admin(gateway, "DELETE", "/prompts/greeting/labels/production");
  expect(await served({ template_id: "greeting-v3" })).toBe("greeting-v3");
  await admin(gateway, "POST", "/prompts/greeting/archive", { version: "3" });
  expect((await ask({ template_id: "greeting-v3" })).status).toBe(400);
  await admin(gateway, "PUT", "/prompts/greeting/labels/production", { version: "2" });
});

test("headers and fields of the gateway never reach the provider", async () => {
  await ask({ ...OWN, content: "own" }, { "x-amsterdam-label": "none", "x-amsterdam-templates": "off" });
  const exchange = upstream.received("openai").at(-1)!;
  expect(exchange.head.headers.filter(([name]) => name.toLowerCase().startsWith("x-amsterdam"))).toEqual([]);
  expect(await lastBody(upstream, "openai")).toEqual({
    model: "gpt-5",
    messages: [{ role: "user", content: "own" }],
  });
});

describe("hostile input", () => {
  const said = async () =>
    ((await lastBody(upstream, "openai")).messages as { content: string }[]).map(({ content }) => content);

  test("a value of a megabyte, with braces, quotes and all of Unicode, arrives as it is", async () => {
    const name = `{{ x }}{% raw %}"\\\u0000\u2028🚋é`.repeat(45_000);
    expect(name.length).toBeGreaterThan(900_000);
    expect((await ask({ ...OWN, variables: { name } }, { "x-amsterdam-templates": "off" })).status).toBe(200);
    expect(await said()).toEqual([`Hello ${name}!`]);
  });

  test("many templates that each take long leave others served, and fall back to the client's texts", async () => {
    const slow = "{% for i in (1..1000000) %}{% for j in (1..1000000) %}{{ i }}{% endfor %}{% endfor %}";
    const messages = Array.from({ length: 200 }, (_, i) => ({
      role: "user",
      content: `own ${i}`,
      template: `${slow}${i}`,
    }));
    const startedAt = performance.now();
    const answer = await callTemplated(gateway, chat, {}, { model: "openai/gpt-5", body: { messages } });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-amsterdam-warning")).toContain("and more");
    expect(await said()).toEqual(messages.map(({ content }) => content));
  });

  test.each([
    ["a tag that reads files", "{% include '/etc/passwd' %}"],
    ["a tag that reads others", "{% render 'greeting' %}"],
    ["a filter that reads expressions", "{{ list | where_exp: 'x', 'x.constructor' }}"],
    ["a template within itself", "{% capture a %}{{ a }}{% endcapture %}".repeat(6_000)],
    ["tags within tags", "{% if 1 %}".repeat(2_000) + "{% endif %}".repeat(2_000)],
    ["a doubling text", `{% assign a = "xx" %}${"{% assign a = a | append: a %}".repeat(60)}{{ a }}`],
    ["a list of a million", `{{ "${"a,".repeat(100_000)}" | split: "," | sort | join: "" }}`],
    ["too long a template", "x".repeat(300_000)],
    ["an endless range", "{% for i in (1..99999999999) %}x{% endfor %}"],
    ["a prototype", "{{ list.constructor.constructor }}"],
  ])("%s is refused where there is no content", async (_, template) => {
    const variables = { list: [1] };
    const refused = await ask({ template, variables });
    expect(refused.status).toBe(400);
    expect(chat.errorOf(refused.json).message).toContain("line ");
    const kept = await ask({ template, variables, content: "own" });
    expect([kept.status, await said()]).toEqual([200, ["own"]]);
    expect(kept.headers.get("x-amsterdam-warning")).toContain("message 1, line ");
  });

  test("a client that puts its values into the text is told of in the log, and served", async () => {
    for (let i = 0; i < 230; i++)
      expect((await ask({ template: `Hello number ${i}`, template_id: "careless" })).status).toBe(200);
    const { versions } = await until("they are stored", async () => {
      const shown = await admin<{ versions: unknown[] }>(gateway, "GET", "/prompts/careless").catch(
        () => null,
      );
      return shown !== null && shown.versions.length >= 200 ? shown : undefined;
    });
    expect(versions).toHaveLength(200);
    const lines = () => gateway.logs().filter(({ template }) => template === "careless");
    const told = await until("the log tells", () => (lines().length > 0 ? lines() : undefined));
    expect(told).toHaveLength(1);
    expect(JSON.stringify(told)).not.toContain("number");
  });
});
