import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Format } from "../../../src/exchange/formats.ts";
import { callAs, isErrorOf } from "../../support/client-call.ts";
import { type DemoTargets, startDemoTargets, TARGETS } from "../../support/demo-targets.ts";
import { breaches, tellsError } from "../../support/protocol.ts";
import { readStreamed } from "../../support/streamed.ts";

let targets: DemoTargets;
beforeAll(async () => {
  targets = await startDemoTargets({
    config: { breaker: { enabled: false }, global_retry: { max_attempts: 1 } },
  });
});
afterAll(() => targets.stop());

const PAIRS = TARGETS.flatMap(({ provider, format, target }) =>
  TARGETS.filter((client) => client.format !== format).map((client) => ({
    client: client.target,
    format: client.format as Format,
    provider,
    target,
  })),
);

describe.each(PAIRS)("a client of $client, a provider of $target", ({ format, provider }) => {
  const call = (model: string, stream: boolean) =>
    callAs(targets.gateway, { format, model: `${provider}/${model}`, stream });

  test.each([400, 403, 404, 413, 429, 500, 503])(
    "gets the provider's %d with its words in the client's shape, streamed or not",
    async (status) => {
      for (const stream of [false, true]) {
        const response = await call(`status-${status}`, stream);
        const text = await response.text();
        expect({ status: response.status, text }).toEqual({
          status,
          text: expect.stringContaining("fails on purpose"),
        });
        expect(isErrorOf(format, text)).toBeTrue();
      }
    },
  );

  test("gets how long a limit lasts", async () => {
    const response = await call("limited", false);
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "1"]);
  });

  test("gets an error in the middle of a stream as its own format tells it", async () => {
    const text = await (await call("errors-mid-stream", true)).text();
    expect(readStreamed(format, text).text).toContain("This is");
    expect(text).toContain("fails on purpose");
    expect(tellsError(text)).toBeTrue();
    expect(breaches(format, { text, stream: true, error: true })).toEqual([]);
  });

  test("gets an error for a stream that breaks off", async () => {
    const text = await (await call("breaks", true)).text();
    expect(readStreamed(format, text).text).toContain("This is");
    expect(tellsError(text)).toBeTrue();
    expect(breaches(format, { text, stream: true, error: true })).toEqual([]);
  });

  test.each(["garbage", "breaks"])(
    "gets an error of its own format for a model that is %s",
    async (model) => {
      const response = await call(model, false);
      const text = await response.text();
      expect(response.status).toBe(502);
      expect(isErrorOf(format, text)).toBeTrue();
    },
  );

  test.each([false, true])("is told of a refusal in a valid answer, streamed: %p", async (stream) => {
    const response = await call("refuses", stream);
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(breaches(format, { text, stream })).toEqual([]);
    expect(text).toMatch(/refus|content_filter|SAFETY/);
  });

  test("gets a long answer whole", async () => {
    const text = await (await call("long", true)).text();
    expect(breaches(format, { text, stream: true })).toEqual([]);
    expect(readStreamed(format, text).text).toMatch(/Sentence 1 says .*Sentence 80 says/s);
  });

  test("gets the first words before the last are there", async () => {
    const started = performance.now();
    const response = await call("slow-200", true);
    const reader = response.body!.getReader();
    const decoder = new TextDecoder();
    let text = "";
    let first = 0;
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      text += decoder.decode(part.value, { stream: true });
      if (first === 0 && readStreamed(format, text).text !== "") first = performance.now() - started;
    }
    // Twenty tokens and more, 20 ms apart, after 200 ms.
    expect(performance.now() - started - first).toBeGreaterThan(150);
    expect(readStreamed(format, text).text).toContain("You said: hi");
  });
});
