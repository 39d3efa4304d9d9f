import { existsSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import type { Environment } from "./interpolate.ts";
import { makeProblem, type Problem } from "./problems.ts";

export interface FoundFile {
  /** Absolute. */
  readonly path: string;
  /** As people are shown it: relative to the working directory where it lies inside. */
  readonly shown: string;
  readonly warnings: readonly Problem[];
}

const USUAL_NAMES = ["amsterdam.yaml", "proxy_config.yaml"];

/**
 * The configuration file: the named one (whether or not it exists), AMSTERDAM_CONFIG's, `amsterdam.yaml`,
 * `proxy_config.yaml`; undefined when there is none and the defaults serve.
 */
export function findConfigFile(
  path: string | undefined,
  env: Environment,
  cwd: string,
): FoundFile | undefined {
  const named = path ?? (env.AMSTERDAM_CONFIG || undefined);
  if (named !== undefined) return { path: resolve(cwd, named), shown: shownAs(named, cwd), warnings: [] };
  const [first, ...others] = USUAL_NAMES.filter((name) => existsSync(resolve(cwd, name)));
  if (first === undefined) return undefined;
  const warnings = others.map((name) =>
    makeProblem({ file: name }, { message: `not read, since ${first} is there too` }),
  );
  return { path: resolve(cwd, first), shown: first, warnings };
}

function shownAs(named: string, cwd: string): string {
  const inside = relative(cwd, resolve(cwd, named));
  return inside === "" || inside.startsWith("..") || isAbsolute(inside) ? named : inside;
}
