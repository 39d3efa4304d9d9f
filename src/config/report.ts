import type { LineCounter } from "yaml";
import { describeSecret, describeValue, isSecretPath } from "./describe.ts";
import type { Marks } from "./marks.ts";
import { formatPath, type ValuePath } from "./paths.ts";
import { makeProblem, type Problem, type ProblemDetails } from "./problems.ts";
import { positionAt } from "./source.ts";

/** Collects the problems of one file and knows where each path stands in it. */
export class Report {
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  readonly #file: string | null;
  readonly #lines: LineCounter;
  readonly #marks: Marks;
  #settled: ReadonlySet<string> = new Set();

  constructor(file: string | null, lines: LineCounter, marks: Marks) {
    this.#file = file;
    this.#lines = lines;
    this.#marks = marks;
  }

  /** At the value, or at what is around it when it is missing; `found` is what stands there unless given. */
  atValue(path: ValuePath, details: ProblemDetails): void {
    if (this.#settled.has(formatPath(path))) return;
    this.problems.push(this.#make(path, this.#marks.nearest(path)?.value, details));
  }

  /** At the key, for what is wrong with the name or with the whole below it. */
  atKey(path: ValuePath, details: ProblemDetails): void {
    if (this.#settled.has(formatPath(path))) return;
    const mark = this.#marks.nearest(path);
    this.problems.push(this.#make(path, mark?.key ?? mark?.value, details));
  }

  atOffset(offset: number, path: ValuePath, details: ProblemDetails): void {
    this.problems.push(this.#make(path, offset, details));
  }

  warn(path: ValuePath, details: ProblemDetails): void {
    this.warnings.push(this.#make(path, this.#marks.nearest(path)?.value, details));
  }

  /** From here on, values that already have a problem get no second one: the checks to come build on the first ones. */
  settle(): void {
    this.#settled = new Set(this.problems.map((problem) => problem.path));
  }

  lineAt(offset: number): number {
    return positionAt(this.#lines, offset).line;
  }

  lineOf(path: ValuePath): number {
    return this.lineAt(this.#marks.nearest(path)?.value ?? 0);
  }

  /** What stands there, in words, with secrets left out. */
  describe(path: ValuePath): string {
    const mark = this.#marks.get(path);
    if (isSecretPath(path)) return describeSecret(mark?.content);
    return mark?.template === undefined
      ? describeValue(mark?.content)
      : `the value of ${describeValue(mark.template)}`;
  }

  #make(path: ValuePath, offset: number | undefined, details: ProblemDetails): Problem {
    const { line, col } = positionAt(this.#lines, offset ?? 0);
    const place = { file: this.#file, line, column: col, path: formatPath(path) };
    if (details.message !== undefined || details.found !== undefined) return makeProblem(place, details);
    return makeProblem(place, { ...details, found: this.describe(path) });
  }
}
