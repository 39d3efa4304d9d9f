/** One thing that is wrong with the configuration, or (as a warning) that its author will not have meant. */
export interface Problem {
  /** As shown to people, relative to the working directory where it lies inside; null: not of a file. */
  readonly file: string | null;
  /** Both from 1; null when the problem is of no single place (an unreadable file, an environment variable). */
  readonly line: number | null;
  readonly column: number | null;
  /** `endpoints[0].path`; the name of an environment variable; "" for the file as a whole. */
  readonly path: string;
  /** What stands there, never a secret; null where there is nothing to show. */
  readonly found: string | null;
  readonly expected: string | null;
  /** `found X, expected Y (did you mean "z"?)`, or the sentence that says it where that form does not fit. */
  readonly message: string;
  readonly suggestion?: string;
}

/** Either both halves of the comparison or a sentence of its own. */
export interface ProblemDetails {
  readonly found?: string;
  readonly expected?: string;
  readonly message?: string;
  readonly suggestion?: string | undefined;
}

export interface ProblemPlace {
  readonly file: string | null;
  readonly line?: number;
  readonly column?: number;
  readonly path?: string;
}

export function makeProblem(place: ProblemPlace, details: ProblemDetails): Problem {
  const { found, expected, suggestion } = details;
  const halves = [found && `found ${found}`, expected && `expected ${expected}`].filter(Boolean).join(", ");
  const hint = suggestion === undefined ? "" : ` (did you mean "${suggestion}"?)`;
  return {
    file: place.file,
    line: place.line ?? null,
    column: place.column ?? null,
    path: place.path ?? "",
    found: found ?? null,
    expected: expected ?? null,
    message: (details.message ?? halves) + hint,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

/** One line for a terminal: `amsterdam.yaml:3:9  server.port: found "x", expected a whole number`. */
export function formatProblem(problem: Problem): string {
  const place = problem.line === null ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  const subject = problem.path === "" ? "" : `${problem.path}: `;
  return `${place ?? "environment"}  ${subject}${problem.message}`;
}

/** One line a problem, the first `limit` of them: a file that is something else altogether may have thousands. */
export function formatProblems(problems: readonly Problem[], limit = 50): string {
  const lines = problems.slice(0, limit).map(formatProblem);
  if (problems.length > limit) lines.push(`… and ${problems.length - limit} more`);
  return lines.join("\n");
}
