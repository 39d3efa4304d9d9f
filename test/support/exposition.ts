import { expect } from "bun:test";

interface ParsedSample {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly value: number;
}

interface ParsedFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: ParsedSample[];
}

const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"/g;

/** The text format 0.0.4, strictly: HELP, TYPE, then only samples of that metric, each label set once. */
export function parseExposition(text: string): Map<string, ParsedFamily> {
  expect(text).toEndWith("\n");
  const families = new Map<string, ParsedFamily>();
  const seen = new Set<string>();
  let name = "";
  let help = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const helpLine = /^# HELP (\S+) (.+)$/.exec(line);
    const typeLine = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (helpLine !== null) {
      [name, help] = [helpLine[1]!, helpLine[2]!];
      expect(families.has(name)).toBe(false);
    } else if (typeLine !== null) {
      expect(typeLine[1]).toBe(name);
      families.set(name, { type: typeLine[2]!, help, samples: [] });
    } else {
      const sample = SAMPLE.exec(line);
      if (sample === null) throw new Error(`not a sample: ${line}`);
      const parsed = families.get(name)!;
      const suffixes = parsed.type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
      expect(suffixes.map((suffix) => name + suffix)).toContain(sample[1]!);
      const identity = line.slice(0, line.lastIndexOf(" "));
      expect(seen.has(identity)).toBe(false);
      seen.add(identity);
      parsed.samples.push({
        name: sample[1]!,
        labels: parseLabels(sample[2] ?? ""),
        value: parseValue(sample[3]!),
      });
    }
  }
  return families;
}

function parseLabels(text: string): Record<string, string> {
  const unescaped = (value: string) =>
    value.replaceAll(/\\(.)/g, (_, mark: string) => (mark === "n" ? "\n" : mark));
  return Object.fromEntries([...text.matchAll(LABEL)].map(([, name, value]) => [name!, unescaped(value!)]));
}

export function parseValue(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  const value = Number(text);
  expect(Number.isNaN(value)).toBe(false);
  return value;
}
