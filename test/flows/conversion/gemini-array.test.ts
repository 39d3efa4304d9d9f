import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type DemoTargets, startDemoTargets, TARGETS } from "../../support/demo-targets.ts";
import { validateChunks } from "../../support/gemini-stream.ts";

let targets: DemoTargets;
beforeAll(async () => {
  targets = await startDemoTargets({ config: { global_retry: { max_attempts: 1 } } });
});
afterAll(() => targets.stop());

interface Chunk {
  readonly candidates?: readonly { content?: { parts?: readonly { text?: string }[] } }[];
  readonly error?: { message: string };
}

/** Gemini's stream for those that do not ask for events: one JSON array that grows. */
async function streamed(model: string): Promise<Chunk[]> {
  const { url, key } = targets.gateway;
  const response = await fetch(`${url}/v1beta/models/${model}:streamGenerateContent`, {
    method: "POST",
    headers: { "x-goog-api-key": key, "content-type": "application/json" },
    body: JSON.stringify({ contents: [{ parts: [{ text: "hi" }] }] }),
  });
  expect([response.status, response.headers.get("content-type")]).toEqual([
    200,
    expect.stringContaining("application/json"),
  ]);
  return (await response.json()) as Chunk[];
}

const textOf = (chunks: readonly Chunk[]) =>
  chunks
    .flatMap(({ candidates }) => candidates?.[0]?.content?.parts ?? [])
    .map(({ text }) => text ?? "")
    .join("");

describe.each([...TARGETS])(
  "a Gemini client that takes an array, a provider of $target",
  ({ provider, format }) => {
    test("gets the whole answer in several elements", async () => {
      const chunks = await streamed(`${provider}/echo`);
      expect(chunks.length).toBeGreaterThan(3);
      expect(textOf(chunks)).toContain("You said: hi");
      expect(validateChunks(chunks)).toEqual([]);
    });

    // The provider's own array is handed on as it comes; one that breaks off is broken.
    test.each(format === "gemini" ? ["errors-mid-stream"] : ["errors-mid-stream", "breaks"])(
      "gets an error as the last element from a model that %s",
      async (model) => {
        const chunks = await streamed(`${provider}/${model}`);
        expect(textOf(chunks)).toStartWith("This is");
        expect(chunks.at(-1)?.error?.message).toBeString();
        expect(validateChunks(chunks, { error: true })).toEqual([]);
      },
    );
  },
);
