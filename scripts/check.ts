// Everything that CI checks. Every step runs, also after one has failed; the exit code is 1 if any has.
//
//   check               all steps
//   check --no-tests    all but the tests, for a caller that has just run them
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const tool = (name: string) => join(root, "node_modules/.bin", name);
const script = (name: string) => join(import.meta.dirname, `${name}.ts`);

interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

// The import rules are tests (test/import-rules.test.ts), and so are checked even where the rest of the tests is not.
const steps: Step[] = [
  { name: "format and lint", command: [tool("biome"), "ci", "--error-on-warnings", "."] },
  { name: "types", command: [tool("tsc"), "-p", "."] },
  { name: "dead code", command: [process.execPath, tool("knip")] },
  { name: "generated files", command: [process.execPath, script("generate"), "--check"] },
  process.argv.includes("--no-tests")
    ? { name: "import rules", command: [process.execPath, "test", "./test/import-rules.test.ts"] }
    : { name: "tests", command: [process.execPath, script("test")] },
];

const results: { step: Step; passed: boolean; seconds: number }[] = [];
for (const step of steps) {
  console.log(`\n── ${step.name}`);
  const start = performance.now();
  const run = Bun.spawn([...step.command], { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  const passed = (await run.exited) === 0;
  results.push({ step, passed, seconds: (performance.now() - start) / 1000 });
}

console.log();
for (const { step, passed, seconds } of results) {
  console.log(`${passed ? "ok    " : "FAILED"}  ${step.name.padEnd(16)} ${seconds.toFixed(1).padStart(6)} s`);
}
process.exit(results.every((result) => result.passed) ? 0 : 1);
