import type { InputUsage } from "./ask.ts";
import type { JsonObject } from "./json.ts";
import { countInput } from "./tokens.ts";

/** Shorter prefixes are not cached, as with the real provider. */
const LEAST_TOKENS = 1024;
const MOST_PREFIXES = 10_000;

/**
 * Remembers which marked prefixes it has seen, so that a first request reports cache writes and the next one
 * with the same beginning reports cache reads. Holds hashes only.
 */
export class PromptCache {
  readonly #seen = new Set<bigint>();

  /**
   * Usage of a prompt made of `blocks` in order (tools, system, messages). The last block with a
   * `cache_control` ends what is kept; the longest beginning that was kept before counts as read.
   */
  measure(blocks: readonly JsonObject[]): InputUsage {
    const marked = blocks.findLastIndex((block) => block.cache_control);
    let total = 0;
    let hash = 0n;
    let cached = 0;
    let kept = 0;
    for (const [index, block] of blocks.entries()) {
      total += countInput({ ...block, cache_control: undefined });
      if (index > marked) continue;
      const { cache_control, ...content } = block;
      hash = BigInt(Bun.hash(JSON.stringify(content), hash));
      if (total < LEAST_TOKENS) continue;
      if (this.#seen.has(hash)) cached = total;
      if (index === marked || cache_control) this.#remember(hash);
      if (index === marked) kept = total;
    }
    return { total, cached, cacheWritten: kept - cached };
  }

  #remember(hash: bigint): void {
    if (this.#seen.size >= MOST_PREFIXES) this.#seen.clear();
    this.#seen.add(hash);
  }
}
