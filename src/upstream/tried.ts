import { GatewayError } from "../exchange/errors.ts";
import type { Attempt } from "../records/trace.ts";
import type { Failure } from "./outcome.ts";

/** What is named of the attempts: more would make a message that nobody reads. */
const MAX_NAMED = 8;
const MAX_NAME = 100;

/**
 * The failure that is told when nothing is left. Where the gateway writes the error's body, its message ends with what was
 * tried; what an upstream said in its own words is left as it is, for clients read them.
 */
export function withTried(failure: Failure, attempts: readonly Attempt[]): Failure {
  const { error, answer } = failure;
  if (attempts.length < 2 || error.told !== undefined || answer?.isJson === true) return failure;
  const { status, retryAfter, param, headers, cause } = error;
  const told = new GatewayError(error.code, `${error.message} ${triedText(attempts)}`, {
    status,
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(param === undefined ? {} : { param }),
    ...(headers === undefined ? {} : { headers }),
    ...(cause === undefined ? {} : { cause }),
  });
  return { ...failure, error: told };
}

/** `Tried: openai/gpt-5 (503, 3 times), anthropic/claude (first_byte_timeout).` */
function triedText(attempts: readonly Attempt[]): string {
  const groups: { text: string; times: number }[] = [];
  for (const { target, status, error } of attempts) {
    const text = `${target.slice(0, MAX_NAME).toWellFormed()} (${status ?? error}`;
    const last = groups.at(-1);
    if (last?.text === text) last.times++;
    else groups.push({ text, times: 1 });
  }
  const named = groups
    .slice(0, MAX_NAMED)
    .map(({ text, times }) => (times === 1 ? `${text})` : `${text}, ${times} times)`));
  const more = groups.length - named.length;
  return `Tried: ${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}.`;
}
