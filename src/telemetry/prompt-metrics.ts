import type { ProblemKind, TextSource, UsedTemplate } from "../prompts/used-template.ts";
import type { Trace } from "../records/trace.ts";
import { counter, type MetricFamily } from "./metric-family.ts";

type Counts<Kind extends string> = Record<Kind, number>;

/** Counts what became of template fields. Both labels have a fixed set of values: names of templates are none. */
export class PromptMetrics {
  readonly #texts: Counts<Exclude<TextSource, "none">> = {
    client: 0,
    rendered: 0,
    named: 0,
    pin: 0,
    label: 0,
    experiment: 0,
  };
  readonly #problems: Counts<ProblemKind> = {
    "missing-variable": 0,
    syntax: 0,
    filter: 0,
    limit: 0,
    "too-long": 0,
    fields: 0,
    "missing-version": 0,
    model: 0,
  };
  /** A response that is made in the background has a trace beside that of the request for it; both tell of the same places. */
  readonly #counted = new WeakSet<readonly UsedTemplate[]>();

  /** The trace subscriber. */
  observe({ templates }: Pick<Trace, "templates">): void {
    if (templates.length === 0 || this.#counted.has(templates)) return;
    this.#counted.add(templates);
    for (const { source, problemKind } of templates) {
      if (source !== "none") this.#texts[source]++;
      if (problemKind !== undefined) this.#problems[problemKind]++;
    }
  }

  families(): MetricFamily[] {
    return [
      counter(
        "amsterdam.prompt.texts",
        "{text}",
        "Texts that went out in places with template fields.",
        Object.entries(this.#texts).map(([source, value]) => ({ labels: { source }, value })),
      ),
      counter(
        "amsterdam.prompt.problems",
        "{problem}",
        "Places with template fields that had something wrong.",
        Object.entries(this.#problems).map(([kind, value]) => ({ labels: { kind }, value })),
      ),
    ];
  }
}
