import { z } from "zod";
import { withoutSecrets } from "../config/hide.ts";
import { formatProblem, type Problem } from "../config/problems.ts";
import { jsonRoute } from "./route.ts";
import { iso, named, time } from "./shape-parts.ts";

const problemShape = named(
  "Problem",
  z.object({
    file: z.string().nullable(),
    line: z.int().nullable(),
    column: z.int().nullable(),
    path: z.string().describe("The setting, as `endpoints[0].path`."),
    message: z.string(),
    text: z.string().describe("All of it as one line."),
  }),
);

const configShape = named(
  "Config",
  z.object({
    file: z.string().nullable().describe("Null where there is no file, and the defaults serve."),
    version: z.string().describe("The gateway's version."),
    loaded_at: time.describe("When the configuration in force was taken over."),
    warnings: z.array(problemShape).describe("What its author will not have meant."),
    refused: z
      .object({ at: time, problems: z.array(problemShape) })
      .nullable()
      .describe("A later change of the file that is not valid, so that the one before stays."),
    config: z.record(z.string(), z.unknown()).describe("Every setting that is in force, secrets hidden."),
  }),
);

export const showConfig = jsonRoute({
  method: "GET",
  path: "/admin/config",
  id: "showConfig",
  summary: "The configuration in force, with secrets hidden, and what is wrong with the file.",
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: null,
  answer: configShape,
  async handle(_, { router, configStatus, version }) {
    const { file, loadedAt, warnings, refused } = configStatus();
    return {
      file,
      version,
      loaded_at: iso(loadedAt),
      warnings: warnings.map(problemJson),
      refused: refused && { at: iso(refused.at), problems: refused.problems.map(problemJson) },
      config: { ...withoutSecrets(router.config) },
    };
  },
});

function problemJson(problem: Problem): z.output<typeof problemShape> {
  const { file, line, column, path, message } = problem;
  return { file, line, column, path, message, text: formatProblem(problem) };
}
