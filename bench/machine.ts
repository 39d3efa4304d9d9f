import { cpus, loadavg, release, totalmem } from "node:os";
import { findTool, PORTKEY_VERSION } from "./places.ts";

/** What the figures were taken on and with, as Markdown lines. Call it before the load begins. */
export function describeMachine(command: string, rounds: number): string {
  const processors = cpus();
  const memory = Math.round(totalmem() / 1024 ** 3);
  return [
    `Taken ${new Date().toISOString().slice(0, 10)} with \`${command}\`, medians of ${rounds} rounds.`,
    `Machine: ${processors[0]?.model.trim() ?? "unknown CPU"}, ${processors.length} cores, ${memory} GB, Linux ${release()}; load average before the run ${loadavg()[0]!.toFixed(2)}.`,
    `Versions: Amsterdam ${commit()}, Bun ${Bun.version}, ${printed([findTool("nginx") ?? "nginx", "-v"], /nginx\/\S+/)}, Portkey ${PORTKEY_VERSION} on Node ${printed(["node", "--version"], /\S+/)}, ${printed(["wrk", "-v"], /wrk \S+/)}.`,
  ].join("\n");
}

/** The commit, with a word when the sources differ from it, since the figures are then not that commit's. */
function commit(): string {
  const hash = printed(["git", "rev-parse", "--short", "HEAD"], /^[0-9a-f]{7,}/);
  return printed(["git", "status", "--porcelain", "src"], /\S/) === "unknown" ? hash : `${hash} with changes`;
}

/** Some programs print their version on stderr, and wrk ends with an error after it. */
function printed(command: string[], pattern: RegExp): string {
  if (findTool(command[0]!) === undefined) return "unknown";
  const { stdout, stderr } = Bun.spawnSync([findTool(command[0]!)!, ...command.slice(1)], {
    cwd: import.meta.dir,
  });
  return pattern.exec(`${stdout}${stderr}`)?.[0].replace("/", " ") ?? "unknown";
}
