import type { CommandIo } from "./check.ts";
import type { StoredIo } from "./stored.ts";

const HELP = `The router that predicts from a prompt whether the strong model is worth its price.

Usage:
  amsterdam router train --data <file> --out <file>      Learn from prompts with known outcomes
  amsterdam router train --from-log --strong … --weak …  Learn from recorded requests and their feedback
  amsterdam router evaluate [--data <file>]              Say how well it chooses, with a curve and a picture
  amsterdam router explain "<prompt>"                    Say how it scores a prompt, and why
  amsterdam router calibrate --share 0.3                 Find the threshold that sends a share of the recorded
                                                         requests to the strong model

Each has --help and --json.
`;

interface RouterIo extends CommandIo {
  /** The whole of standard input; the process's own where it is absent. */
  readonly stdin?: () => Promise<string>;
}

/** Runs a command on the storage that the configuration names. */
type OnStorage = (
  argv: string[],
  run: (argv: readonly string[], io: StoredIo) => Promise<number>,
) => Promise<number>;

/**
 * `amsterdam router …`; `argv` begins after `router`. Each command loads what it needs. Returns the exit code: 0, 1 (failed) or
 * 2 (wrong usage).
 */
export async function runRouter(
  argv: readonly string[],
  io: RouterIo,
  onStorage: OnStorage,
): Promise<number> {
  const [command, ...rest] = argv;
  switch (command) {
    case "train":
      return rest.includes("--from-log")
        ? await onStorage(rest, (await import("./router-learn.ts")).runRouterLearn)
        : await (await import("./router-train.ts")).runRouterTrain(rest, io);
    case "evaluate":
      return await (await import("./router-evaluate.ts")).runRouterEvaluate(rest, io);
    case "explain": {
      const stdin = io.stdin ?? (() => Bun.stdin.text());
      return await (await import("./router-explain.ts")).runRouterExplain(rest, { ...io, stdin });
    }
    case "calibrate":
      return await onStorage(rest, (await import("./router-calibrate.ts")).runRouterCalibrate);
    case "--help":
    case "-h":
      io.stdout.write(HELP);
      return 0;
    default:
      io.stderr.write(
        `${command === undefined ? "Say what the router is to do." : `Unknown: router ${command}.`}\n\n${HELP}`,
      );
      return 2;
  }
}
