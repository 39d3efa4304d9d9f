import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Environment } from "./interpolate.ts";
import { type ConfigResult, loadConfig } from "./load.ts";
import { formatProblem } from "./problems.ts";
import type { Config } from "./schema.ts";

/** For tests: loads a text (or bytes) as `amsterdam.yaml` of a folder of its own, with openai and demo built in. */
export function loadText(
  content: string | Uint8Array,
  env: Environment = {},
  knownModels?: readonly string[],
): ConfigResult {
  const cwd = mkdtempSync(join(tmpdir(), "amsterdam-config-"));
  try {
    writeFileSync(join(cwd, "amsterdam.yaml"), content);
    const known = knownModels === undefined ? {} : { knownModels };
    return loadConfig({ env, cwd, knownProviders: ["openai", "demo"], ...known });
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

/** The problems of a text as people see them, without the file's name: `2:9  server.port: found …`. */
export function problemsIn(content: string | Uint8Array, env: Environment = {}): string[] {
  const result = loadText(content, env);
  return result.ok
    ? []
    : result.problems.map((problem) => formatProblem(problem).replace(/^amsterdam\.yaml:?/, ""));
}

/** The configuration in a text that must be valid. */
export function configIn(content: string | Uint8Array, env: Environment = {}): Config {
  const result = loadText(content, env);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join("\n"));
  return result.config;
}

/** As `problemsIn`, for the warnings of a valid text. */
export function warningsIn(
  content: string,
  env: Environment = {},
  knownModels?: readonly string[],
): string[] {
  const result = loadText(content, env, knownModels);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join("\n"));
  return result.warnings.map((problem) => formatProblem(problem).replace(/^amsterdam\.yaml:?/, ""));
}
