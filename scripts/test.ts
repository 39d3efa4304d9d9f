// Runs the tests of src/, test/, bench/ and scripts/ (or of the paths given) and says at the end how many passed and failed.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A test that hangs is ended after this many milliseconds; no test comes near it. */
const TEST_TIMEOUT = 120_000;

const args = process.argv.slice(2);
const paths = args.some((arg) => !arg.startsWith("-"))
  ? args
  : ["./src", "./test", "./bench", "./scripts", ...args];
const dir = mkdtempSync(join(tmpdir(), "amsterdam-report-"));
const report = join(dir, "report.xml");

// --no-orphans: a gateway that a broken test left behind ends with the run.
const run = Bun.spawn(
  [
    process.execPath,
    "test",
    "--no-orphans",
    `--timeout=${TEST_TIMEOUT}`,
    "--reporter=junit",
    `--reporter-outfile=${report}`,
    ...paths,
  ],
  { stdio: ["ignore", "inherit", "inherit"] },
);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => run.kill(signal));
const code = await run.exited;
const totals = await readTotals(report);
rmSync(dir, { recursive: true });

// A run that broke outside any test has failed, though no single test says so.
const failed = code === 0 ? totals.failed : Math.max(1, totals.failed);
console.log(`${totals.passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : code || 1);

async function readTotals(path: string): Promise<{ passed: number; failed: number }> {
  const file = Bun.file(path);
  const root = (await file.exists()) ? /<testsuites [^>]*>/.exec(await file.text())?.[0] : undefined;
  const count = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(root ?? "")?.[1] ?? 0);
  const failed = count("failures") + count("errors");
  return { passed: count("tests") - failed - count("skipped"), failed };
}
