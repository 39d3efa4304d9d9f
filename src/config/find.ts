import { existsSync, statSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import type { Environment } from "./interpolate.ts";
import { makeProblem, type Problem } from "./problems.ts";

export interface Found {
  /** Null when there is none and the defaults serve. */
  readonly file: FoundFile | null;
  readonly warnings: readonly Problem[];
}

export interface FoundFile {
  /** Absolute. */
  readonly path: string;
  /** As people are shown it: relative to the working directory where it lies inside. */
  readonly shown: string;
}

const USUAL_NAMES = ["amsterdam.yaml", "proxy_config.yaml"];

/**
 * The configuration file: the named one (whether or not it exists), AMSTERDAM_CONFIG's, or a usual one of the working
 * directory. A named folder stands for the usual file in it: a container mounts a folder, since a mounted file stays the
 * old one when an editor replaces it.
 */
export function findConfigFile(path: string | undefined, env: Environment, cwd: string): Found {
  const named = path ?? (env.AMSTERDAM_CONFIG || undefined);
  if (named === undefined) return usualFile(".", cwd);
  if (!isFolder(resolve(cwd, named)))
    return { file: { path: resolve(cwd, named), shown: shownAs(named, cwd) }, warnings: [] };
  const found = usualFile(named, cwd);
  if (found.file !== null) return found;
  const message = `neither ${USUAL_NAMES.join(" nor ")} is in this folder, so the defaults serve`;
  return { file: null, warnings: [makeProblem({ file: shownAs(named, cwd) }, { message })] };
}

/** The first of the usual names in a folder, with a warning for each other one that is there too. */
function usualFile(folder: string, cwd: string): Found {
  const [first, ...others] = USUAL_NAMES.filter((name) => existsSync(resolve(cwd, folder, name)));
  if (first === undefined) return { file: null, warnings: [] };
  const shown = (name: string) => shownAs(join(folder, name), cwd);
  const warnings = others.map((name) =>
    makeProblem({ file: shown(name) }, { message: `not read, since ${first} is there too` }),
  );
  return { file: { path: resolve(cwd, folder, first), shown: shown(first) }, warnings };
}

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    // A loop of links, or a part of the path that is a file: reading it says what is wrong.
    return false;
  }
}

function shownAs(named: string, cwd: string): string {
  const inside = relative(cwd, resolve(cwd, named));
  return inside === "" || inside.startsWith("..") || isAbsolute(inside) ? named : inside;
}
