import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import { admin } from "../../support/admin-client.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { lastBody, plainProviders } from "../../support/plain-answers.ts";
import { until } from "../../support/until.ts";

let upstream: FaultUpstream;
let gateway: Gateway;
beforeAll(async () => {
  upstream = startFaultUpstream();
  gateway = await startGateway({ config: { providers: plainProviders(upstream) } });
});
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

/** What every client adds, in its ordinary request. */
const TRACKING = { agent_id: "greeter", run_id: "run-7", request_parent_id: "req-1", request_id: "req-2" };
const fieldsOf = (id: string) => ({
  template: "Hello {{ name }}!",
  template_id: id,
  variables: { name: "Tinco" },
});

/** Each SDK's way to the gateway: sends the fields in one message, and reads what upstream was told of it. */
const CLIENTS = [
  {
    name: "openai, chat",
    async send(id: string) {
      const { response } = await new OpenAI({
        baseURL: `${gateway.url}/v1/openai`,
        apiKey: gateway.key,
      }).chat.completions
        .create({
          model: "gpt-5",
          temperature: 0.5,
          messages: [{ role: "user", ...fieldsOf(id) }],
          ...TRACKING,
        } as never)
        .withResponse();
      return response.headers;
    },
    body: () => lastBody(upstream, "openai"),
    upstreamSees: (text: string) => ({
      model: "gpt-5",
      temperature: 0.5,
      messages: [{ role: "user", content: text }],
    }),
  },
  {
    name: "openai, responses",
    async send(id: string) {
      const { response } = await new OpenAI({
        baseURL: `${gateway.url}/v1/openai`,
        apiKey: gateway.key,
      }).responses
        .create({
          model: "gpt-5",
          store: false,
          instructions: fieldsOf(id) as never,
          input: "Who am I?",
          ...TRACKING,
        } as never)
        .withResponse();
      return response.headers;
    },
    body: () => lastBody(upstream, "openai"),
    upstreamSees: (text: string) => ({
      model: "gpt-5",
      store: false,
      instructions: text,
      input: "Who am I?",
    }),
  },
  {
    name: "anthropic",
    async send(id: string) {
      const { response } = await new Anthropic({
        baseURL: `${gateway.url}/v1/anthropic`,
        apiKey: gateway.key,
      }).messages
        .create({
          model: "claude-sonnet-4-5",
          max_tokens: 64,
          system: [{ type: "text", cache_control: { type: "ephemeral" }, ...fieldsOf(id) }] as never,
          messages: [{ role: "user", content: "Who am I?" }],
          ...TRACKING,
        } as never)
        .withResponse();
      return response.headers;
    },
    body: () => lastBody(upstream, "anthropic"),
    upstreamSees: (text: string) => ({
      model: "claude-sonnet-4-5",
      max_tokens: 64,
      system: [{ type: "text", text, cache_control: { type: "ephemeral" } }],
      messages: [{ role: "user", content: "Who am I?" }],
    }),
  },
  {
    name: "google genai",
    async send(id: string) {
      const answer = await new GoogleGenAI({
        apiKey: gateway.key,
        httpOptions: { baseUrl: `${gateway.url}/v1/gemini`, apiVersion: "v1beta" },
      }).models.generateContent({
        model: "gemini-2.5-flash",
        contents: "Hello!",
        config: {
          temperature: 0.5,
          httpOptions: {
            extraBody: { contents: [{ role: "user", parts: [fieldsOf(id)] }], ...TRACKING },
          },
        },
      });
      return new Headers(answer.sdkHttpResponse?.headers);
    },
    body: () => lastBody(upstream, "gemini"),
    upstreamSees: (text: string) => ({
      contents: [{ role: "user", parts: [{ text }] }],
      generationConfig: { temperature: 0.5 },
    }),
  },
];

interface Shown {
  readonly template: { readonly name: string };
  readonly versions: readonly {
    readonly version: string;
    readonly text?: string;
    readonly messages: unknown;
  }[];
}

describe.each(CLIENTS)("$name", (client) => {
  let name = "";
  let id = "";
  beforeEach(() => {
    name = `bla_template${crypto.randomUUID().slice(0, 8)}`;
    id = `${name}-v1.2321beta5`;
  });

  test("the template is rendered, captured and recorded; upstream sees none of the fields", async () => {
    const headers = await client.send(id);
    expect(headers.get("x-amsterdam-template")).toBe(id);
    expect(headers.get("x-amsterdam-warning")).toBeNull();
    expect(await client.body()).toEqual(client.upstreamSees("Hello Tinco!"));
    const { versions } = await until("it is captured", () =>
      admin<Shown>(gateway, "GET", `/prompts/${name}`).catch(() => undefined),
    );
    expect(versions.map(({ version }) => version)).toEqual(["1.2321beta5"]);
    const { requests } = await until("it is recorded", async () => {
      const page = await admin<{ requests: Record<string, unknown>[] }>(
        gateway,
        "GET",
        `/requests?template_id=${id}`,
      );
      return page.requests.length > 0 ? page : undefined;
    });
    expect(requests[0]).toMatchObject({
      agent_id: "greeter",
      run_id: "run-7",
      parent_id: "req-1",
      request_id: "req-2",
      templates: [
        { template_id: id, version: "1.2321beta5", source: "rendered", drift: false, problem: null },
      ],
    });
  });

  test("another version under the label production takes its place, and nothing else of the body changes", async () => {
    await admin(gateway, "POST", "/prompts", { name, version: "2", text: "Hi {{ name | upcase }}." });
    await admin(gateway, "PUT", `/prompts/${name}/labels/production`, { version: "2" });
    const headers = await client.send(id);
    expect(headers.get("x-amsterdam-template")).toBe(`${name}-v2`);
    expect(await client.body()).toEqual(client.upstreamSees("Hi TINCO."));
  });
});
