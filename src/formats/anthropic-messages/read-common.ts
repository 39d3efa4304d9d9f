import type { CacheMark, Extensions } from "../../exchange/parts.ts";
import { isRecord, type JsonObject, restOf, stringOf } from "../../exchange/read.ts";
import { extended, isExactly } from "./extensions.ts";

/** What every block may have: a cache mark, and members that `known` does not name. */
export function readCommon(
  block: JsonObject,
  known: ReadonlySet<string>,
): { cache?: CacheMark; extensions?: Extensions } {
  const rest = restOf(block, known);
  const { cache, kept } = readCache(block);
  return { ...cache, ...(kept === undefined ? extended(rest) : extended({ ...rest, ...kept })) };
}

/** Reads `cache_control`; `kept` where it has more to it than the mark says. */
export function readCache(object: JsonObject): {
  cache: { cache?: CacheMark };
  kept: { cache_control: unknown } | undefined;
} {
  const control = object.cache_control;
  if (control === undefined) return { cache: {}, kept: undefined };
  if (!isRecord(control)) return { cache: {}, kept: { cache_control: control } };
  const ttl = stringOf(control.ttl);
  const exact = isExactly(control, "type", "ttl") && (ttl !== undefined || !("ttl" in control));
  return {
    cache: { cache: ttl === undefined ? {} : { ttl } },
    kept: exact ? undefined : { cache_control: control },
  };
}
