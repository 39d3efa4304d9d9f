import { beforeAll, describe, expect, test } from "bun:test";
import { FORMATS, TITLES } from "../../fidelity/formats.ts";
import { measure, type Outcome } from "../../fidelity/measure.ts";
import { faultLines } from "../../fidelity/page.ts";
import { readRecordings } from "../../fidelity/recordings.ts";

let outcomes: Outcome[];
beforeAll(async () => {
  outcomes = await measure({ recordings: readRecordings() });
});

describe.each([...FORMATS])("recorded answers of %s", (target) => {
  test.each(FORMATS.map((client) => [TITLES[client], client] as const))(
    "mean the same to a client of %s, whichever way their bytes come, but for what that format cannot say",
    (_, client) => {
      const pair = outcomes.filter((one) => one.client === client && one.recording.format === target);
      expect(pair.length).toBeGreaterThan(25);
      expect(faultLines(pair)).toEqual([]);
    },
  );
});
