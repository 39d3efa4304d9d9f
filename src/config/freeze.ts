import type { Config } from "./schema.ts";

/**
 * Freezes a configuration through and through. The mappings that are looked into with names that clients send get no
 * prototype: `providers["constructor"]` is undefined unless the file has such a provider.
 */
export function freezeConfig(config: Config): Config {
  return deepFreeze({
    ...config,
    providers: Object.assign(Object.create(null), config.providers),
    routes: Object.assign(Object.create(null), config.routes),
  });
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const below of Object.values(value)) deepFreeze(below);
  return Object.freeze(value);
}
