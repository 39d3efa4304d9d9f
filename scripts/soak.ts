// A thousand streams through random faults for a minute: nothing may fail, leak or stay open.
//
//   soak [streams] [seconds]
import { type SoakReport, soak } from "../test/support/soak.ts";

/** How much more memory than after the warm-up the gateway may hold in the end. */
const MEMORY_FACTOR = 1.2;

const [streams = 1000, seconds = 60] = process.argv.slice(2).map(Number);
console.log(`${streams} streams for ${seconds} s, after a warm-up…`);
const report = await soak({ streams, seconds, warmUpSeconds: seconds / 3, gap: 100, measureMemory: true });

const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MB`;
for (const [ending, count] of Object.entries(report.endings).sort())
  console.log(`  ${ending.padEnd(14)} ${count}`);
if (report.memory) {
  const { start, tenths, end } = report.memory;
  console.log(`  memory at rest ${megabytes(start)} warmed up, ${megabytes(end)} in the end`);
  console.log(`  most meanwhile ${tenths.map(megabytes).join(", ")}`);
}

const faults = faultsOf(report);
for (const fault of faults) console.error(`FAILED: ${fault}`);
console.log(faults.length === 0 ? "Nothing failed, leaked or stayed open." : "");
process.exit(faults.length === 0 ? 0 : 1);

function faultsOf({
  gatewayErrors,
  isAlive,
  upstreamsLeft,
  clientsLeft,
  endings,
  memory,
  recordsLost,
  exitCode,
}: SoakReport): string[] {
  const found: string[] = [];
  if (gatewayErrors.length > 0)
    found.push(`${gatewayErrors.length} errors of the gateway's own: ${JSON.stringify(gatewayErrors[0])}`);
  if (!isAlive) found.push("the gateway does not answer any more");
  if (upstreamsLeft > 0) found.push(`${upstreamsLeft} requests to the upstream were not ended`);
  if (clientsLeft > 0) found.push(`${clientsLeft} connections of clients were not ended`);
  if (endings["silent end"]) found.push(`${endings["silent end"]} streams ended without a word`);
  if (recordsLost !== 0) found.push(`${recordsLost} requests were not recorded`);
  if (memory && memory.end > memory.start * MEMORY_FACTOR) found.push("memory did not come back");
  if (exitCode !== 0) found.push(`the gateway ended with ${exitCode}`);
  return found;
}
