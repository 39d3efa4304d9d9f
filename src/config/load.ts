import { checkConversion } from "./checks/conversion.ts";
import { checkEndpoints } from "./checks/endpoints.ts";
import { checkProviders } from "./checks/providers.ts";
import { checkRecords } from "./checks/records.ts";
import { checkRoutes } from "./checks/routes.ts";
import { checkTelemetry } from "./checks/telemetry.ts";
import { readDocument } from "./document.ts";
import { type EnvironmentSettings, readEnvironment, withEnvironment } from "./env.ts";
import { type FoundFile, findConfigFile } from "./find.ts";
import { freezeConfig } from "./freeze.ts";
import type { Environment } from "./interpolate.ts";
import { makeProblem, type Problem } from "./problems.ts";
import type { Config } from "./schema.ts";
import { checkShape } from "./shape.ts";
import { countLines, readSource } from "./source.ts";

export interface LoadOptions {
  /** The file that `--config` names; then AMSTERDAM_CONFIG and the usual names are not looked at. */
  readonly path?: string | undefined;
  /** The process's environment, `.env` included. */
  readonly env: Environment;
  readonly cwd: string;
  /** Names of the built-in providers. */
  readonly knownProviders: readonly string[];
  /** Bare names of their models, `*` at the end of patterns; absent, any bare name is taken for one. */
  readonly knownModels?: readonly string[];
}

export type ConfigResult =
  | {
      readonly ok: true;
      /** Frozen through and through, defaults filled in, the environment's HOST, PORT, DATABASE_URL and log level applied. */
      readonly config: Config;
      /** Absolute path; null when there is no file and the defaults serve. */
      readonly file: string | null;
      readonly warnings: readonly Problem[];
    }
  | { readonly ok: false; readonly file: string | null; readonly problems: readonly Problem[] };

/** Finds, reads and checks the configuration. Never throws for what the file says: every problem is in the result. */
export function loadConfig(options: LoadOptions): ConfigResult {
  const settings = readEnvironment(options.env);
  const found = findConfigFile(options.path, options.env, options.cwd);
  const result =
    found.file === null
      ? fromText("", null, null, settings, options)
      : fromFile(found.file, settings, options);
  return result.ok ? { ...result, warnings: [...found.warnings, ...result.warnings] } : result;
}

function fromFile(file: FoundFile, settings: EnvironmentSettings, options: LoadOptions): ConfigResult {
  const source = readSource(file.path);
  if ("text" in source) return fromText(source.text, file.path, file.shown, settings, options);
  const { line, column, ...details } = source.fault;
  const at = line === undefined || column === undefined ? {} : { line, column };
  const problem = makeProblem({ file: file.shown, ...at }, details);
  return { ok: false, file: file.path, problems: [problem, ...settings.problems] };
}

function fromText(
  text: string,
  file: string | null,
  shown: string | null,
  settings: EnvironmentSettings,
  options: LoadOptions,
): ConfigResult {
  const { value, marks, report } = readDocument(text, countLines(text), shown, options.env);
  report.settle();
  const config = checkShape(value, marks, report);
  report.settle();
  checkEndpoints(value.endpoints, report);
  checkProviders(value.providers, options.knownProviders, report);
  checkConversion(value.conversion, report);
  checkRecords(value.records, report);
  checkTelemetry(value.telemetry, value.records, report);
  checkRoutes(value, { providers: options.knownProviders, models: options.knownModels ?? null }, report);
  const problems = [...report.problems, ...settings.problems];
  if (config === undefined || problems.length > 0)
    return { ok: false, file, problems: problems.toSorted(byPlace) };
  const warnings = [...report.warnings, ...settings.warnings];
  return { ok: true, config: freezeConfig(withEnvironment(config, settings)), file, warnings };
}

function byPlace(a: Problem, b: Problem): number {
  return (a.line ?? Infinity) - (b.line ?? Infinity) || (a.column ?? 0) - (b.column ?? 0) || 0;
}
