import { parseArgs } from "node:util";
import { startDemoProvider } from "../providers/demo/server.ts";
import type { CommandIo } from "./check.ts";

const HELP = `Run the demo provider alone: it answers in every format, without a key and without a model.

Usage:
  amsterdam demo [--port <port>]     Default: a free port
`;

/** `amsterdam demo`; runs until the process is stopped. Returns an exit code only when it did not start. */
export function runDemo(argv: readonly string[], io: CommandIo): number | null {
  let values: { port?: string | undefined; help?: boolean | undefined };
  try {
    const options = { port: { type: "string", short: "p" }, help: { type: "boolean", short: "h" } } as const;
    values = parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    io.stderr.write(
      `${error instanceof Error ? error.message : String(error)}\nSee: amsterdam demo --help\n`,
    );
    return 2;
  }
  if (values.help) {
    io.stdout.write(HELP);
    return 0;
  }
  const port = Number(values.port ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    io.stderr.write("--port is a whole number from 0 to 65535.\n");
    return 2;
  }
  const { url } = startDemoProvider({ port });
  // As the first process of a container it would not end at a signal that it does not handle.
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => process.exit(0));
  io.stdout.write(`The demo provider listens on ${url}\n`);
  return null;
}
