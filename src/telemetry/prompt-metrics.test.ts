import { expect, test } from "bun:test";
import { usedTemplate } from "../records/testing.ts";
import { exposition } from "./exposition.ts";
import { PromptMetrics } from "./prompt-metrics.ts";

const linesOf = (metrics: PromptMetrics) =>
  metrics
    .families()
    .map(exposition)
    .join("")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#") && !line.endsWith(" 0"));

test("texts are counted by why they went out, problems by what they are", () => {
  const metrics = new PromptMetrics();
  metrics.observe({ templates: [] });
  metrics.observe({
    templates: [
      usedTemplate({ source: "pin" }),
      usedTemplate({ source: "client", problem: "…", problemKind: "missing-variable" }),
    ],
  });
  metrics.observe({ templates: [usedTemplate({ source: "none", problem: "…", problemKind: "fields" })] });
  expect(linesOf(metrics)).toEqual([
    'amsterdam_prompt_texts_total{source="client"} 1',
    'amsterdam_prompt_texts_total{source="pin"} 1',
    'amsterdam_prompt_problems_total{kind="missing-variable"} 1',
    'amsterdam_prompt_problems_total{kind="fields"} 1',
  ]);
});

test("what two traces tell of the same places counts once", () => {
  const metrics = new PromptMetrics();
  const templates = [usedTemplate({ source: "label" })];
  metrics.observe({ templates });
  metrics.observe({ templates });
  expect(linesOf(metrics)).toEqual(['amsterdam_prompt_texts_total{source="label"} 1']);
});
