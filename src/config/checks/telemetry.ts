import type { Report } from "../report.ts";
import { CONNECTION_HEADERS } from "../reserved.ts";
import { mappingOf } from "./loose.ts";

/** Headers that an export cannot have, and an export of what is not recorded. */
export function checkTelemetry(value: unknown, records: unknown, report: Report): void {
  const otlp = mappingOf(mappingOf(value).otlp);
  for (const name of Object.keys(mappingOf(otlp.headers))) {
    const lower = name.toLowerCase();
    if (!CONNECTION_HEADERS.has(lower) && lower !== "content-type") continue;
    report.atKey(["telemetry", "otlp", "headers", name], {
      found: `the header ${name}`,
      expected: "none that belongs to the connection or the export; the gateway sets it",
    });
  }
  if (otlp.endpoint !== undefined && mappingOf(records).enabled === false) {
    const message = "spans are made from records, and records.enabled is false: metrics alone are exported";
    report.warn(["telemetry", "otlp", "endpoint"], { message });
  }
}
