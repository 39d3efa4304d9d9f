import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { importBreaches } from "./support/import-rules.ts";

const root = join(import.meta.dirname, "..");

/** The breaches when `path` holds `text`, beside files that keep every rule. */
function breachesOf(path: string, text: string): string[] {
  return importBreaches(new Map([[path, text]]));
}

const BROKEN: [rule: string, path: string, text: string][] = [
  ["exchange imports nothing outside itself", "src/exchange/usage.ts", 'import { a } from "../lib/a.ts";'],
  [
    "lib imports nothing outside itself",
    "src/lib/sse.ts",
    'import type { A } from "../exchange/formats.ts";',
  ],
  [
    "lib imports nothing outside itself",
    "src/lib/sse.ts",
    'type A = import("../exchange/formats.ts").Format;',
  ],
  [
    "a format never imports another format",
    "src/formats/gemini/wire.ts",
    'export * from "../openai-chat/wire.ts";',
  ],
  ["providers import only exchange and lib", "src/providers/catalogue.ts", 'import "../config/load.ts";'],
  ["server imports only lib", "src/server/listen.ts", 'import {\n  a,\n  b,\n} from "../auth/keys.ts";'],
  ["server imports only lib", "src/server/listen.ts", 'import { load } from "../config/load.ts";'],
  ["server knows no word of the field", "src/server/listen.ts", 'const field = "modelName";'],
  ["server knows no word of the field", "src/server/listen.ts", "const isAnthropic = true;"],
  [
    "only main and gateway name a storage",
    "src/auth/keys.ts",
    'const a = await import("../storage/sqlite/open.ts");',
  ],
  ["only gateway imports the pipeline", "src/cli/start.ts", 'import { run } from "../pipeline.ts";'],
  ["nothing imports main, and only main gateway", "src/cli/start.ts", 'import "../main.ts";'],
  ["nothing imports main, and only main gateway", "src/cli/start.ts", 'import "../gateway.ts";'],
  [
    "the product imports neither tests nor benchmark",
    "src/cli/demo.ts",
    'import { a } from "../../test/support/a.ts";',
  ],
  [
    "the product imports neither tests nor benchmark",
    "src/cli/demo.ts",
    'import { a } from "../../bench/load.ts";',
  ],
];

const KEPT: [path: string, text: string][] = [
  ["src/exchange/usage.ts", 'import { a } from "./errors.ts"; // import { b } from "../lib/b.ts";'],
  [
    "src/formats/gemini/wire.ts",
    'import type { A } from "./types.ts";\nimport { b } from "../../exchange/b.ts";',
  ],
  ["src/formats/registry.ts", 'import { chat } from "./openai-chat/format.ts";'],
  [
    "src/server/listen.ts",
    '/* the model */ import type { C } from "../config/schema.ts";\nimport "../exchange/errors.ts";',
  ],
  ["src/auth/keys.ts", 'import type { KeyStore } from "../storage/interface.ts";'],
  ["src/main.ts", 'import "./gateway.ts";\nimport "./storage/sqlite/open.ts";'],
  ["src/gateway.ts", 'import "./pipeline.ts";\nimport "./storage/sqlite/open.ts";'],
  ["src/pipeline.test.ts", 'import "./pipeline.ts";\nimport "../test/support/until.ts";'],
];

describe("the checker of the import rules", () => {
  test.each(BROKEN)("says so when broken: %s (%s)", (rule, path, text) => {
    const breaches = breachesOf(path, text);
    expect(breaches).toHaveLength(1);
    expect(breaches[0]).toStartWith(rule);
  });

  test.each(KEPT)("is content with %s", (path, text) => {
    expect(breachesOf(path, text)).toEqual([]);
  });

  test("finds a cycle, also one of types", () => {
    const sources = new Map([
      ["src/auth/a.ts", 'import { b } from "./b.ts";'],
      ["src/auth/b.ts", 'import type { C } from "./c.ts";'],
      ["src/auth/c.ts", 'import { a } from "./a.ts";'],
    ]);
    expect(importBreaches(sources)).toEqual([
      "no import cycles: src/auth/a.ts -> src/auth/b.ts -> src/auth/c.ts -> src/auth/a.ts",
    ]);
  });
});

test("the sources keep the import rules", () => {
  const paths = [...new Bun.Glob("src/**/*.ts").scanSync({ cwd: root })];
  const sources = new Map(
    paths.map((path) => [path.replaceAll("\\", "/"), readFileSync(join(root, path), "utf8")]),
  );
  expect(sources.size).toBeGreaterThan(5);
  expect(importBreaches(sources)).toEqual([]);
});
