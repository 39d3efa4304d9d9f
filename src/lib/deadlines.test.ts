import { expect, test } from "bun:test";
import { until } from "../../test/support/until.ts";
import { type Deadline, Deadlines } from "./deadlines.ts";

const at = (milliseconds: number) => performance.now() + milliseconds;

test("deadlines are met in their time, once, unless they are moved or removed", async () => {
  const deadlines = new Deadlines(5);
  const met: string[] = [];
  const make = (name: string, milliseconds: number): Deadline => {
    const deadline: Deadline = { at: at(milliseconds), expire: () => void met.push(name) };
    deadlines.add(deadline);
    return deadline;
  };
  make("first", 10);
  const moved = make("moved", 20);
  const removed = make("removed", 20);
  make("never", Number.POSITIVE_INFINITY);
  moved.at = at(150);
  deadlines.remove(removed);
  await until("the first is met", () => met.length > 0);
  await Bun.sleep(50);
  expect(met).toEqual(["first"]);
  await until("the moved one is met", () => met.length > 1);
  await Bun.sleep(50);
  expect(met).toEqual(["first", "moved"]);
});

test("a deadline may set itself anew, and add or remove others as it expires", async () => {
  const deadlines = new Deadlines(5);
  let ticks = 0;
  let removedWasMet = false;
  const removed: Deadline = {
    at: 0,
    expire: () => {
      removedWasMet = true;
    },
  };
  const added = Promise.withResolvers<void>();
  const ticking: Deadline = {
    at: at(5),
    expire(now) {
      if (ticks === 0) {
        deadlines.remove(removed);
        deadlines.add({ at: now, expire: () => added.resolve() });
      }
      if (++ticks < 5) this.at = now;
    },
  };
  deadlines.add(ticking);
  deadlines.add(removed);
  await added.promise;
  await until("it ticked five times", () => ticks === 5);
  await Bun.sleep(30);
  expect([ticks, removedWasMet]).toEqual([5, false]);
});

test("a deadline added after all others had gone is met", async () => {
  const deadlines = new Deadlines(5);
  for (let i = 0; i < 3; i++) {
    const met = Promise.withResolvers<void>();
    const deadline = { at: at(5), expire: () => met.resolve() };
    deadlines.add(deadline);
    await met.promise;
    deadlines.remove(deadline);
    await Bun.sleep(20);
  }
});

test("a deadline that throws is reported, and takes no other's time away", async () => {
  const program = `
    import { Deadlines } from ${JSON.stringify(`${import.meta.dirname}/deadlines.ts`)};
    process.on("unhandledRejection", (error) => console.log("reported " + error.message));
    const deadlines = new Deadlines(5);
    deadlines.add({ at: 0, expire() { throw new Error("a defect"); } });
    deadlines.add({ at: 0, expire() { console.log("the other is met"); setTimeout(() => process.exit(0), 50); } });`;
  const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "pipe" });
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect(errors).toBe("");
  expect(output.trim().split("\n").sort()).toEqual(["reported a defect", "the other is met"]);
});
