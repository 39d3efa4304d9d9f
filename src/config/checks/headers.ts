import type { ValuePath } from "../paths.ts";
import type { Report } from "../report.ts";
import { CONNECTION_HEADERS } from "../reserved.ts";
import { listOf, mappingOf } from "./loose.ts";

/** The header settings of an endpoint or a provider at `path`. */
export function checkHeaders(
  owner: Readonly<Record<string, unknown>>,
  path: ValuePath,
  report: Report,
): void {
  const seen = new Map<string, string>();
  for (const name of Object.keys(mappingOf(owner.custom_headers))) {
    const at = [...path, "custom_headers", name];
    const lower = name.toLowerCase();
    const earlier = seen.get(lower);
    seen.set(lower, name);
    if (CONNECTION_HEADERS.has(lower)) {
      report.atKey(at, {
        found: `the header ${name}`,
        expected: "none that belongs to the connection; the gateway sets it",
      });
    } else if (earlier !== undefined) {
      report.atKey(at, {
        found: `the header ${name}`,
        expected: `each header once; ${earlier} is the same one`,
      });
    }
  }
  for (const key of ["forward_request_headers", "forward_response_headers"]) {
    for (const [index, name] of listOf(owner[key]).entries()) {
      if (typeof name !== "string") continue;
      const at = [...path, key, index];
      if (name.includes("*")) report.warn(at, { message: `${name} is no wildcard; each header is named` });
      if (!CONNECTION_HEADERS.has(name.toLowerCase())) continue;
      report.warn(at, { message: `${name} belongs to the connection and is never forwarded` });
    }
  }
}
