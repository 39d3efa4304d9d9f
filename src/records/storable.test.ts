import { expect, test } from "bun:test";
import { requestRecord } from "../../test/support/records.ts";
import { testTrace } from "../telemetry/test-trace.ts";
import { STORABLE_RECORDS } from "./storable-records.ts";
import { type DeferredRequest, STORABLE_REQUESTS } from "./storable-requests.ts";
import { recordedDecision, usedTemplate } from "./testing.ts";
import type { Trace } from "./trace.ts";

const joined = (pieces: readonly (string | Uint8Array)[]) =>
  Buffer.concat(pieces.map((piece) => (typeof piece === "string" ? Buffer.from(piece) : piece)));

const decided = { templates: [usedTemplate({ drift: true })], decisions: [recordedDecision()] };

test("records come back from a file with what was decided for them, those of an earlier version with nothing", () => {
  const again = (record: object) =>
    STORABLE_RECORDS.decode(
      joined(STORABLE_RECORDS.encode({ record: record as ReturnType<typeof requestRecord>, bodies: null })),
    ).record;
  const record = requestRecord(decided);
  expect(again(record)).toEqual(record);
  const { decisions: _, ...earlier } = record;
  expect(again(earlier)).toEqual({ ...record, decisions: [] });
});

test("requests that were put off come back with what was decided for them, those of an earlier version with nothing", () => {
  const again = (trace: object) => {
    const deferred: DeferredRequest = {
      id: "a",
      trace: trace as Trace,
      request: Buffer.from("{}"),
      response: Buffer.from("[]"),
    };
    return STORABLE_REQUESTS.decode(joined(STORABLE_REQUESTS.encode(deferred))).trace;
  };
  const trace = testTrace(decided);
  expect(again(trace)).toEqual(trace);
  const { templates: _, decisions: __, ...earlier } = trace;
  expect(again(earlier)).toEqual({ ...trace, templates: [], decisions: [] });
});
