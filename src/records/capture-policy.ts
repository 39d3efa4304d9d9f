import type { RecordsConfig } from "../config/schema.ts";
import { Capture, CaptureBudget } from "./capture.ts";

/** An answer's usage stands near its end: that much is looked at however little of it is stored. */
const LEAST_KEPT = 64 * 1024;

/** Decides what is captured of each request. */
export class CapturePolicy {
  readonly budget = new CaptureBudget(0);

  /** What a request by this key at this door is captured in; null where it leaves no record. */
  start(config: RecordsConfig, keyId: string, door: string): Capture | null {
    if (!config.enabled) return null;
    const bodies = config.capture.length === 0 ? config.bodies : bodiesFor(config, keyId, door);
    if (bodies === "none") return null;
    this.budget.limit = config.memory_mb * 1024 * 1024;
    return new Capture(bodies === "full", Math.max(config.max_body_kb * 1024, LEAST_KEPT), this.budget);
  }
}

function bodiesFor(config: RecordsConfig, keyId: string, door: string): RecordsConfig["bodies"] {
  const rule = config.capture.find(
    ({ keys, doors }) =>
      (keys === undefined || keys.includes(keyId)) &&
      (doors === undefined || doors.some((pattern) => isDoor(door, pattern))),
  );
  return rule?.bodies ?? config.bodies;
}

function isDoor(door: string, pattern: string): boolean {
  return pattern.endsWith("*") ? door.startsWith(pattern.slice(0, -1)) : door === pattern;
}
