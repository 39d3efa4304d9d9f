import { describe, expect, test } from "bun:test";
import { Admission } from "./admission.ts";

describe("admission", () => {
  test("lets in up to its limit, and again as others leave", () => {
    const admission = new Admission(2);
    expect([admission.admit(), admission.admit(), admission.admit()]).toEqual([true, true, false]);
    expect([admission.active, admission.total]).toEqual([2, 2]);
    admission.release();
    expect([admission.admit(), admission.admit()]).toEqual([true, false]);
    expect([admission.active, admission.total]).toEqual([2, 3]);
  });

  test("takes a new limit at once, and one below what is being served ends nothing", () => {
    const admission = new Admission(1);
    admission.admit();
    admission.limit = 2;
    expect(admission.admit()).toBeTrue();
    admission.limit = 1;
    admission.release();
    expect(admission.admit()).toBeFalse();
    admission.release();
    expect(admission.admit()).toBeTrue();
  });

  test("that drains lets nobody in, and waits for those that are being served", async () => {
    const admission = new Admission(5);
    admission.admit();
    admission.admit();
    let drained = false;
    const draining = admission.drain(10_000).then(() => {
      drained = true;
    });
    expect([admission.draining, admission.admit()]).toEqual([true, false]);
    admission.release();
    await Bun.sleep(10);
    expect(drained).toBeFalse();
    admission.release();
    await draining;
    expect(admission.active).toBe(0);
  });

  test("that drains waits for nobody at rest, and not longer than it may", async () => {
    await new Admission(5).drain(60_000);
    const busy = new Admission(5);
    busy.admit();
    await busy.drain(20);
    expect(busy.active).toBe(1);
  });
});
