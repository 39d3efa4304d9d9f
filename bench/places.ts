import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where everything of the benchmark is kept: outside the project, so that it adds nothing to its dependencies. */
export const SCRATCH = join(tmpdir(), "amsterdam-bench");

/** Configurations, logs and databases of one run; emptied by the next. */
export const RUN_FOLDER = join(SCRATCH, "run");

export const PORTKEY_VERSION = "1.15.2";
export const PORTKEY_FOLDER = join(SCRATCH, "portkey");

/** Debian keeps nginx in /usr/sbin, which is not in every user's path. */
export function findTool(name: string): string | undefined {
  return Bun.which(name, { PATH: `${process.env.PATH}:/usr/sbin:/sbin` }) ?? undefined;
}
