import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Gateway, startGateway } from "../support/gateway.ts";

const root = join(import.meta.dirname, "../..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const SNIPPETS = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code = ""]) => ({
  code,
  client: /from "([^"]+)"/.exec(code)?.[1] ?? "",
}));

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

test("README.md shows a first request with each SDK", () => {
  expect(SNIPPETS.map(({ client }) => client)).toEqual([
    "openai",
    "@anthropic-ai/sdk",
    "@google/genai",
    "@ai-sdk/anthropic",
  ]);
});

test.each(SNIPPETS)("README.md's first request with $client works when pasted", async ({ code }) => {
  const run = Bun.spawn([process.execPath, "run", "-"], {
    cwd: root,
    env: { ...process.env, URL: gateway.url, KEY: gateway.key },
    stdin: new Blob([code]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, errors, exitCode] = await Promise.all([run.stdout.text(), run.stderr.text(), run.exited]);
  expect(exitCode, errors).toBe(0);
  const calls = code.match(/\.(create|generateContent)\(|^ {2}[a-z.]+\("(models\/)?demo\/echo"\)/gm)?.length;
  expect(output.match(/You said: Hello/g)).toHaveLength(calls ?? 0);
});
