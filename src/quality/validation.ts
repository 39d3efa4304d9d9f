import { evaluate, evaluateRandom, type Metrics } from "./evaluate.ts";
import { heuristicForm } from "./heuristic.ts";
import { linearValue } from "./linear.ts";
import { crossValidated, fitForm, leftOut, type Prepared, type TrainingOptions } from "./train.ts";

/** Ways to choose that are compared; the first two are the trained router's, each prompt scored without having been seen. */
export const ROUTERS = ["cross-validated", "set left out", "heuristic", "length", "random"] as const;

export interface Validation {
  /** A data set's name, or `all`. */
  readonly set: string;
  readonly prompts: number;
  /** `null` in the place of a router that cannot be made, as where there is a single set to leave out. */
  readonly metrics: Readonly<Record<(typeof ROUTERS)[number], Metrics | null>>;
}

const SEED = 1;

/** RouteLLM's metrics of the trained router and of what it must beat, for each data set and for all together. */
export function validate(data: readonly Prepared[], options: TrainingOptions): Validation[] {
  const sets = [...new Set(data.map(({ row }) => row.set))];
  const heuristic = heuristicForm(fitForm(data, options).spread);
  const scores = {
    "cross-validated": crossValidated(data, options),
    "set left out": sets.length > 1 ? leftOut(data, options) : null,
    heuristic: Float64Array.from(data, ({ features }) => linearValue(heuristic, features)),
    length: Float64Array.from(data, ({ row }) => row.prompt.length),
  };
  const judge = (set: string, places: readonly number[]): Validation => {
    const outcomes = places.map((at) => data[at]!.row);
    const metrics = (of: Float64Array | null) =>
      of &&
      evaluate(
        places.map((at) => of[at]!),
        outcomes,
      );
    return {
      set,
      prompts: places.length,
      metrics: {
        "cross-validated": metrics(scores["cross-validated"]),
        "set left out": metrics(scores["set left out"]),
        heuristic: metrics(scores.heuristic),
        length: metrics(scores.length),
        random: evaluateRandom(outcomes, SEED),
      },
    };
  };
  const all = data.map((_, at) => at);
  const bySet = sets.map((set) =>
    judge(
      set,
      all.filter((at) => data[at]!.row.set === set),
    ),
  );
  return sets.length > 1 ? [...bySet, judge("all", all)] : bySet;
}

/** The validations as a table in Markdown: CPT(50) / CPT(80) in percent of calls, and APGR. */
export function validationTable(validations: readonly Validation[]): string {
  const head = ["set", "prompts", ...ROUTERS];
  const rows = validations.map(({ set, prompts, metrics }) => [
    set.replace(/[\p{C}|]/gu, "\ufffd"),
    prompts.toLocaleString("en"),
    ...ROUTERS.map((router) => cell(metrics[router])),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return line(head) + line(head.map(() => "---")) + rows.map(line).join("");
}

function cell(metrics: Metrics | null): string {
  if (metrics === null || metrics.apgr === null) return "–";
  const percent = (share: number | null) => ((share ?? 0) * 100).toFixed(1);
  return `${percent(metrics.cpt50)} / ${percent(metrics.cpt80)} / **${metrics.apgr.toFixed(3)}**`;
}
