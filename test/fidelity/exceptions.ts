import type { Difference } from "./compare.ts";
import type { Format } from "./formats.ts";
import type { Reading } from "./reading.ts";
import type { Recording } from "./recordings.ts";

/** One aspect of one answer that a client read otherwise than the upstream's own reader did. */
export interface Deviation {
  readonly client: Format;
  readonly recording: Recording;
  readonly expected: Reading;
  readonly actual: Reading;
  readonly difference: Difference;
}

/** Why an answer cannot be the same in another format. */
export interface Exception {
  /** A short name, as it stands in the report. */
  readonly name: string;
  readonly reason: string;
  /** Narrow: what it does not describe is a fault of the gateway. */
  applies(deviation: Deviation): boolean;
}

/** Every way in which an answer may differ, and why. What none of them covers fails the proof. */
export const EXCEPTIONS: readonly Exception[] = [];

export function exceptionOf(deviation: Deviation): Exception | null {
  return EXCEPTIONS.find((exception) => exception.applies(deviation)) ?? null;
}
