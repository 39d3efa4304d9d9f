import { afterAll, describe, expect, test } from "bun:test";
import { Deadlines } from "../lib/deadlines.ts";
import { providersOf } from "../routing/testing.ts";
import { HttpClient } from "../upstream/http/client.ts";
import { askForModels } from "./ask-provider.ts";
import { ProviderLists } from "./provider-lists.ts";
import { readModelList } from "./read-list.ts";

describe("a provider's list", () => {
  test.each([
    [
      "OpenAI's",
      { object: "list", data: [{ id: "gpt", object: "model", created: 5, owned_by: "openai" }] },
      { createdAt: 5, owner: "openai" },
    ],
    [
      "Anthropic's",
      { data: [{ type: "model", id: "gpt", display_name: "Claude", created_at: "2025-01-01T00:00:00Z" }] },
      { title: "Claude", createdAt: 1_735_689_600 },
    ],
    [
      "Gemini's",
      {
        models: [
          {
            name: "models/gpt",
            displayName: "G",
            inputTokenLimit: 10,
            outputTokenLimit: 2,
            supportedGenerationMethods: ["a", 1],
          },
        ],
      },
      { title: "G", inputLimit: 10, outputLimit: 2, methods: ["a"] },
    ],
    ["a bare one", [{ id: "gpt" }], { title: "gpt", owner: "p" }],
    ["a date beyond all years", { data: [{ id: "gpt", created: 1e300 }] }, { createdAt: null }],
  ])("%s is read", (_, body, expected) => {
    expect(readModelList(body, "p")).toEqual([expect.objectContaining({ id: "p/gpt", ...expected })]);
  });

  test.each([
    null,
    7,
    "x",
    {},
    { data: "x" },
    { data: [null, 7, {}, { id: 7 }, { id: "" }, { id: "x".repeat(1000) }] },
  ])("%j has no models", (body) => expect(readModelList(body, "p")).toEqual([]));
});

describe("what the providers list", () => {
  let asked: { readonly url: string; readonly headers: Headers }[] = [];
  let answer: () => Response | Promise<Response> = () => Response.json({ data: [{ id: "a" }] });
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      asked.push({ url: request.url, headers: new Headers(request.headers) });
      return answer();
    },
  });
  const client = new HttpClient({ deadlines: new Deadlines() });
  const logged: string[] = [];
  const logger = { debug: (message: string) => void logged.push(message), info() {}, warn() {}, error() {} };
  const provider = (formats: string[], over: object = {}) =>
    providersOf({
      providers: {
        own: { base_url: `http://127.0.0.1:${server.port}/base/v1`, formats, api_key: "secret-key", ...over },
      },
    }).byName.get("own")!;
  const lists = () => new ProviderLists({ ask: (each) => askForModels(client, each), logger });

  afterAll(async () => {
    client.close();
    await server.stop(true);
  });

  test.each([
    ["openai-chat", "/base/v1/models", "authorization", "Bearer secret-key"],
    ["anthropic-messages", "/base/v1/models?limit=1000", "x-api-key", "secret-key"],
    ["gemini", "/base/v1/models?pageSize=1000", "x-goog-api-key", "secret-key"],
  ])("is asked for as %s has it, with the provider's key", async (format, path, header, value) => {
    asked = [];
    expect((await lists().modelsOf(provider([format]))).map(({ id }) => id)).toEqual(["own/a"]);
    const { pathname, search } = new URL(asked[0]!.url);
    expect([pathname + search, asked[0]!.headers.get(header)]).toEqual([path, value]);
    expect(asked[0]!.headers.get("anthropic-version") !== null).toBe(format === "anthropic-messages");
  });

  test("is asked for once, also by many at a time", async () => {
    asked = [];
    const all = lists();
    const one = provider(["openai-chat"]);
    await Promise.all([all.modelsOf(one), all.modelsOf(one), all.modelsOf(one)]);
    await all.modelsOf(one);
    expect(asked).toHaveLength(1);
  });

  test.each([
    ["an error", () => new Response("no", { status: 500 })],
    ["no JSON", () => new Response("<html>")],
    ["a list that is none", () => Response.json("x")],
  ])("is empty after %s, and not asked for again at once", async (_, bad) => {
    const good = answer;
    answer = bad;
    asked = [];
    const all = lists();
    expect(await all.modelsOf(provider(["openai-chat"]))).toEqual([]);
    expect(await all.modelsOf(provider(["openai-chat"]))).toEqual([]);
    expect(asked).toHaveLength(1);
    answer = good;
  });

  test("is empty where nobody listens", async () => {
    expect(await lists().modelsOf(provider(["openai-chat"], { base_url: "http://127.0.0.1:9/v1" }))).toEqual(
      [],
    );
    expect(logged.at(-1)).toContain("could not be listed");
  });
});
