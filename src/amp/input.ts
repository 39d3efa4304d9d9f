import { GatewayError } from "../exchange/errors.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export const MB = 1024 * 1024;

/**
 * The body as JSON. Throws malformed_body, or body_too_large, unread, since reading a long one would keep every other
 * request waiting; `setting` names what bounds it.
 */
export function readJson(body: unknown, maxMb: number, setting?: string): unknown {
  if (body instanceof Buffer && body.length > maxMb * MB) {
    const reason = setting === undefined ? "" : ` (${setting} in the gateway's configuration)`;
    throw new GatewayError("body_too_large", `At most ${maxMb} MB are taken here${reason}.`);
  }
  try {
    return JSON.parse(body instanceof Buffer ? body.toString("utf8") : "");
  } catch {
    throw new GatewayError("malformed_body", "The request body is not valid JSON.");
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Its own field: a body's `constructor` or `__proto__` is never taken for one that it has. */
export function own(value: JsonObject, field: string): unknown {
  return Object.hasOwn(value, field) ? value[field] : undefined;
}

/** Throws invalid_request that says which field is wrong. */
export function refuseField(param: string, expected: string): never {
  throw new GatewayError("invalid_request", `${param}: expected ${expected}.`, { param });
}
