import { GatewayError } from "./errors.ts";

/**
 * What a request or an answer loses on its way into a format that cannot say it. `strict` turns every loss into an
 * error; what changes the meaning is refused in any case.
 */
export class Losses {
  readonly strict: boolean;
  readonly #items = new Set<string>();

  constructor(strict = false) {
    this.strict = strict;
  }

  /**
   * Notes that `what` is left out: a path in the neutral request or answer with a word of explanation where it helps,
   * as `reasoning.summary` or `tools[2]: web_search`. Throws where losses are not allowed.
   */
  add(what: string): void {
    if (this.strict) {
      throw new GatewayError(
        "conversion_refused",
        `The target's API cannot express ${what}, and losses are not allowed here.`,
      );
    }
    if (this.#items.size < MAX_ITEMS) this.#items.add(what);
  }

  /** Refuses what cannot be left out without changing what is asked for; `param` is the member of the request, if it is one. */
  refuse(what: string, why: string, param?: string): never {
    throw new GatewayError(
      "conversion_refused",
      `The target's API cannot express ${what}: ${why}`,
      param === undefined ? {} : { param },
    );
  }

  get items(): readonly string[] {
    return [...this.#items];
  }
}

/** Enough to tell what went; a header has no room for more. */
const MAX_ITEMS = 50;
