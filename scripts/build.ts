// Makes the single-file executable: `npm run build [-- <file>]`, by default dist/amsterdam. It holds the runtime and
// everything that src/main.ts imports, is for the system and processor that it was made on, and needs glibc alone.
import { mkdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

const root = join(import.meta.dir, "..");
const outfile = resolve(process.argv[2] ?? join(root, "dist", "amsterdam"));

/** Started by their files' names, which the bundler does not follow. */
const WORKERS = [
  "tokens/tokenizer-worker",
  "storage/sqlite/checkpoint-worker",
  "experiments/conductor-worker",
];

mkdirSync(dirname(outfile), { recursive: true });
const result = await Bun.build({
  entrypoints: ["main", ...WORKERS].map((name) => join(root, "src", `${name}.ts`)),
  target: "bun",
  // Names and lines of the source stay in stack traces, which are all that a log has of a defect.
  minify: false,
  sourcemap: "linked",
  compile: {
    outfile,
    // The gateway reads .env itself; the runtime would read other files besides, and settings of its own.
    autoloadDotenv: false,
    autoloadBunfig: false,
  },
  throw: false,
});
for (const log of result.logs) console.error(String(log));
if (!result.success) process.exit(1);
// The executable has its source maps within; those beside it are the same again.
for (const map of [outfile, ...WORKERS.map((name) => join(dirname(outfile), `${basename(name)}.js`))])
  rmSync(`${map}.map`, { force: true });
console.log(`${outfile} (${Math.round(statSync(outfile).size / 1e6)} MB)`);
