import { afterEach, beforeEach, expect, test } from "bun:test";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keepingLogger } from "../records/testing.ts";
import { CurrentScorer } from "./current-scorer.ts";

const DEFAULT = join(import.meta.dir, "../quality/default.model");
const BODY = Buffer.from(
  JSON.stringify({ messages: [{ role: "user", content: "Prove that there are infinitely many primes." }] }),
);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "amsterdam-scorer-"));
  copyFileSync(DEFAULT, join(folder, "good.model"));
  writeFileSync(join(folder, "bad.model"), "no model at all");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function scorer() {
  const logger = keepingLogger();
  return { scorer: new CurrentScorer(folder, logger), lines: logger.lines };
}
const scoreOf = (current: CurrentScorer) => current.score(BODY, "openai-chat");
function defaultScore(): number {
  const { scorer: current } = scorer();
  return scoreOf(current);
}

test("the model that comes with the gateway scores where none is configured, and one from a relative path", () => {
  const { scorer: current, lines } = scorer();
  const own = scoreOf(current);
  expect(own).toBeWithin(0, 1);
  expect(current.thresholdBefore(0)).toBeGreaterThan(current.thresholdBefore(0.9));
  current.configure("good.model");
  expect([scoreOf(current), lines]).toEqual([own, []]);
});

test("a file that is refused at the start is told of, and the length of prompts serves", () => {
  const { scorer: current, lines } = scorer();
  current.configure("bad.model");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(join(folder, "bad.model"));
  expect(scoreOf(current)).not.toBe(defaultScore());
  const longer = Buffer.from(JSON.stringify({ messages: [{ role: "user", content: "word ".repeat(500) }] }));
  expect(current.score(longer, "openai-chat")).toBeGreaterThan(scoreOf(current));
});

test("a changed file that is refused leaves the one before; without a file the gateway's own serves again", () => {
  const { scorer: current, lines } = scorer();
  current.configure("good.model");
  const before = scoreOf(current);
  current.configure("bad.model");
  expect([scoreOf(current), lines.length]).toEqual([before, 1]);
  current.configure("missing.model");
  expect([scoreOf(current), lines.length]).toEqual([before, 2]);
  current.configure(undefined);
  expect([scoreOf(current), lines.length]).toEqual([defaultScore(), 2]);
});
