// Formats every file, and mends what the linter can mend safely.
import { join } from "node:path";

const biome = join(import.meta.dirname, "../node_modules/.bin/biome");
const run = Bun.spawn([biome, "check", "--write", "."], { stdio: ["ignore", "inherit", "inherit"] });
process.exit(await run.exited);
