import { expect, test } from "bun:test";
import { nextVersion } from "./next-version.ts";

test.each([
  [[], "1"],
  [["1", "2"], "3"],
  [["2.5", "0+ab12", "1"], "3"],
  [["0+ab12"], "1"],
  [["20261122"], "20261123"],
  [["9".repeat(64), "1"], "2"],
  [["999999999"], "1000000000"],
  [["999999999", "1000000000"], "1000000001"],
  [["01", "1"], "2"],
] as [string[], string][])("after %j comes %s", (versions, next) => {
  expect(nextVersion(versions)).toBe(next);
});
