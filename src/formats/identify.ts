import { GatewayError } from "../exchange/errors.ts";
import type { Call } from "./call.ts";
import { FORMAT_MODULES } from "./registry.ts";
import { type RequestFields, readRequestFields } from "./request-fields.ts";

/**
 * The gateway's fields in a body, where the call is one that may hold them; null elsewhere. What is not one JSON object
 * is refused with malformed_body when `required`, and otherwise left for the upstream to judge.
 */
export function identify(body: Buffer, call: Call, required: boolean): RequestFields | null {
  if (call.format === null) return null;
  try {
    return readRequestFields(body, FORMAT_MODULES[call.format].templatePlaces, call.format);
  } catch (error) {
    if (!required) return null;
    const reason = error instanceof Error ? error.message : String(error);
    throw new GatewayError("malformed_body", `The request body is not valid JSON: ${reason.slice(0, 200)}.`);
  }
}
