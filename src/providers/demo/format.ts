import type { Ask } from "./ask.ts";
import type { DemoError, DemoShape } from "./errors.ts";
import type { Frame } from "./frames.ts";
import type { JsonObject } from "./json.ts";
import type { Answered } from "./plan.ts";
import type { PromptCache } from "./prompt-cache.ts";
import type { PastReader } from "./recall.ts";

/** What an API's reader needs besides the body. */
export interface ReadContext {
  /** The model's name from the path, where the API puts it there. */
  readonly pathModel: string | undefined;
  readonly cache: PromptCache;
}

/** One API that generates text: how its requests are read and how a plan is written in it. */
export interface DemoFormat {
  readonly shape: DemoShape;
  /** @throws DemoError 400 for a body that the real API refuses too. */
  read(body: JsonObject, context: ReadContext): Ask;
  /** How it finds its own earlier words; undefined for an API without conversations. */
  readonly past: PastReader | undefined;
  /** The body of an answer that is not streamed. */
  whole(answered: Answered): string;
  /** Content type of a streamed answer. */
  readonly streamType: string;
  /** The whole stream, made lazily. */
  stream(answered: Answered): Iterable<Frame>;
  /** How a stream ends after `sent` frames when the provider fails in the middle of it. */
  failure(answered: Answered, error: DemoError, sent: number): Frame;
}
