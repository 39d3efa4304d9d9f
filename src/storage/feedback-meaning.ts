import type { Feedback } from "./feedback-store.ts";

/** One reading of a filter for feedback: a name, and the values as they are kept, JSON text; null where any will do. */
export interface FeedbackMeaning {
  readonly name: string;
  readonly values: readonly string[] | null;
}

/** What `name` or `name=value` may mean; of a name that has an equals sign itself, no value can be asked for. */
export function feedbackMeanings(text: string): FeedbackMeaning[] {
  const whole = { name: text, values: null };
  const at = text.indexOf("=");
  return at < 0 ? [whole] : [whole, { name: text.slice(0, at), values: valuesOf(text.slice(at + 1)) }];
}

/** Everything that is written like this: `4` is a number and a text. */
function valuesOf(text: string): string[] {
  const values: Feedback["value"][] = [text];
  if (text === "true" || text === "false") values.push(text === "true");
  const number = Number(text);
  if (text.trim() !== "" && Number.isFinite(number)) values.push(number);
  return values.map((value) => JSON.stringify(value));
}
