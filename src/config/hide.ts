import { isSecretPath, maskUrl } from "./describe.ts";
import type { ValuePath } from "./paths.ts";
import type { Config } from "./schema.ts";

const HIDDEN = "[hidden]";

/** The configuration as it may be shown: no credential, and no user, password or query of a URL. */
export function withoutSecrets(config: Config): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(config).map(([name, value]) => [name, shown(value, [name])]));
}

function shown(value: unknown, path: ValuePath): unknown {
  if (Array.isArray(value)) return value.map((item, index) => shown(item, [...path, index]));
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([name, item]): [string, unknown] => [
      name,
      shown(item, [...path, name]),
    ]);
    return Object.fromEntries(entries);
  }
  if (isSecretPath(path) && value !== null && value !== undefined) return HIDDEN;
  return typeof value === "string" ? maskUrl(value) : value;
}
