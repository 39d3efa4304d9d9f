/** The Amp client's own calls, by path. */
export type AmpService = "user" | "connections" | "threads-sync" | "internal" | "telemetry" | "errors";

export const AMP_SERVICES: ReadonlyMap<
  string,
  { readonly service: AmpService; readonly method: "GET" | "POST" }
> = new Map([
  ["/api/user", { service: "user", method: "GET" }],
  ["/api/connections", { service: "connections", method: "GET" }],
  ["/api/threads/sync", { service: "threads-sync", method: "POST" }],
  ["/api/internal", { service: "internal", method: "POST" }],
  ["/api/telemetry", { service: "telemetry", method: "POST" }],
  ["/api/errors", { service: "errors", method: "POST" }],
]);
