import { decodePart } from "../lib/request-url.ts";

/** What a path below `/v1/responses/` asks for. */
export interface StoredCall {
  readonly kind: "get" | "delete" | "input-items" | "cancel";
  readonly id: string;
}

/** Methods that a path takes, with what each asks for. */
const CALLS: Readonly<Record<string, Readonly<Record<string, StoredCall["kind"]>>>> = {
  "": { GET: "get", HEAD: "get", DELETE: "delete" },
  input_items: { GET: "input-items", HEAD: "input-items" },
  cancel: { POST: "cancel" },
};

/**
 * Reads what follows `/v1/responses/`, as `resp_1`, `resp_1/input_items` or `resp_1/cancel`. With `allow` alone the path
 * is known and the method is not; null is a path that the API does not have.
 */
export function storedCall(
  method: string,
  rest: string,
): StoredCall | { readonly kind: null; readonly allow: string } | null {
  const [part = "", action = "", ...more] = rest.split("/");
  const id = decodePart(part);
  const methods = Object.hasOwn(CALLS, action) ? CALLS[action]! : null;
  if (id === null || id === "" || methods === null || more.length > 0) return null;
  // Calls without an id that the API has beside: they are made, not stored.
  if (action === "" && (id === "input_tokens" || id === "compact")) return null;
  const kind = Object.hasOwn(methods, method) ? methods[method]! : null;
  return kind === null ? { kind, allow: Object.keys(methods).join(", ") } : { kind, id };
}

/** A call's path below a provider's base URL. */
export function pathOf({ kind, id }: StoredCall): string {
  const path = `responses/${encodeURIComponent(id)}`;
  if (kind === "input-items") return `${path}/input_items`;
  return kind === "cancel" ? `${path}/cancel` : path;
}
