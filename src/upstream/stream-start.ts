import { GatewayError } from "../exchange/errors.ts";
import type { Format } from "../exchange/formats.ts";
import type { Deadlines } from "../lib/deadlines.ts";
import type { SseEvent } from "../lib/sse.ts";
import { MAX_COOLDOWN_MS } from "./cooldowns.ts";
import { FilterWatch } from "./filtered.ts";
import { firstEvent } from "./first-event.ts";
import { type Failure, failureOf, type Outcome, type Success } from "./outcome.ts";
import { isQuota, reasonInWords } from "./refusal-words.ts";
import { withoutSecrets } from "./secrets.ts";
import type { Target } from "./target.ts";

export interface StreamStartOptions {
  readonly deadlines: Deadlines;
  /** Milliseconds that a stream is held for its first event, which may be an error that another target can mend. */
  readonly firstEventPatience: number;
  /** The error that an event of a stream tells in the target's format, or null. */
  streamErrorOf(event: SseEvent, format: Format | null): ToldInStream | null;
}

/** `code` is the provider's own, where the format's errors have one. */
interface ToldInStream {
  readonly status: number;
  readonly message: string;
  readonly code?: string;
}

/** A stream that begins with an error has failed. One that is watched is held until the model says something. */
export async function startOfStream(
  success: Success,
  target: Target,
  options: StreamStartOptions,
  watchedFormat: Format | null,
): Promise<Outcome> {
  const { response } = success;
  const watch = watchedFormat === null ? null : new FilterWatch(watchedFormat);
  const errorIn = (event: SseEvent) => options.streamErrorOf(event, target.format);
  const first = await firstEvent(
    response,
    options.deadlines,
    options.firstEventPatience,
    watch === null ? ANY_EVENT : (event) => watch.take(event) || errorIn(event) !== null,
  );
  const error = first === null ? null : errorIn(first);
  if (error !== null) {
    response.cancel();
    return toldInStream(error, target.secrets);
  }
  return watch?.filtered === true ? { ...success, filtered: true } : success;
}

const ANY_EVENT = () => true;

/** The status is made of a code, which is not always known (a used-up quota is not): the words tell more. */
function toldInStream(told: ToldInStream, secrets: readonly string[]): Failure {
  const { status } = told;
  const message = withoutSecrets(told.message, secrets).slice(0, 500);
  const words = { codes: told.code?.toLowerCase() ?? "", text: message.toLowerCase() };
  const quota = isQuota(words);
  const isLimit = quota || status === 429;
  const code = isLimit ? "upstream_limited" : status >= 500 ? "upstream_error" : "upstream_refused";
  const failure = failureOf(new GatewayError(code, message, { status: quota ? 429 : status }));
  return {
    ...failure,
    message,
    status,
    retryable: failure.retryable && !quota,
    reason: reasonInWords({ ...words, status: status >= 500 ? 400 : status }) ?? failure.reason,
    limit: isLimit ? { lasts: quota ? MAX_COOLDOWN_MS : null, quota } : null,
  };
}
