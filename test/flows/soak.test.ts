import { expect, test } from "bun:test";
import { soak } from "../support/soak.ts";

// `npm run soak` does the same with 1,000 streams for a minute, and looks at the memory as well.
test("a hundred streams through random faults for five seconds leave nothing behind", async () => {
  const report = await soak({ streams: 100, warmUpSeconds: 1, seconds: 5, gap: 20, measureMemory: false });
  expect(report.gatewayErrors).toEqual([]);
  expect(report).toMatchObject({
    isAlive: true,
    upstreamsLeft: 0,
    clientsLeft: 0,
    recordsLost: 0,
    exitCode: 0,
  });
  expect(report.endings["silent end"]).toBeUndefined();
  for (const ending of ["whole", "error event", "left", "status 502"])
    expect(report.endings[ending]).toBeGreaterThan(0);
});
