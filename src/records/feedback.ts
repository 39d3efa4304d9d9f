import { randomUUID } from "node:crypto";
import { z } from "zod";
import { FEEDBACK_TARGETS, type Feedback } from "../storage/feedback-store.ts";

const MAX_BATCH = 1_000;
const MAX_NAME = 128;
const MAX_ID = 256;
const MAX_TEXT = 10_000;
const MAX_CORRECTION = 100_000;
const MAX_SHOWN_FIELD = 64;

/** Characters that PostgreSQL cannot keep in text (NUL) or that no encoding can carry (lone surrogates). */
const UNSTORABLE = /[\0\p{Cs}]/u;

const text = (min: number, max: number) => {
  const error = `text of ${min === 0 ? "at most" : `${min} to`} ${max.toLocaleString("en")} characters`;
  return z
    .string({ error })
    .min(min, { error })
    .max(max, { error })
    .refine((value) => !UNSTORABLE.test(value), {
      error: "text without NUL characters and broken surrogate pairs",
    });
};

const value = z.union(
  [z.boolean(), z.number(), text(0, MAX_TEXT), z.strictObject({ correction: text(0, MAX_CORRECTION) })],
  {
    error:
      'true, false, a number, text of at most 10,000 characters, or {"correction": text of at most 100,000}',
  },
);

/** One item as a client sends it. */
const feedbackSchema = z.strictObject({
  id: text(1, MAX_ID)
    .nullish()
    .describe("Makes repeats harmless: an id is stored once for each gateway key."),
  request_id: text(1, MAX_ID).nullish(),
  run_id: text(1, MAX_ID).nullish(),
  thread_id: text(1, MAX_ID).nullish(),
  name: text(1, MAX_NAME).describe("What is judged, such as `correct` or `tone`."),
  value: value.describe("The judgement; `{correction}` is the answer that would have been right."),
  comment: text(0, MAX_TEXT).nullish(),
  source: text(1, MAX_NAME).nullish().describe("Who or what judged, such as `user` or `judge-model`."),
});

type FeedbackItem = z.infer<typeof feedbackSchema>;

export interface FeedbackProblem {
  /** For the client; holds nothing of the body but the name of a field. */
  readonly message: string;
  /** The wrong field as a JSON path, such as `feedback[3].name`; null for the body as a whole. */
  readonly param: string | null;
}

/** What is known of the sender. */
export interface FeedbackReceipt {
  readonly keyId: string | null;
  /** Unix milliseconds. */
  readonly receivedAt: number;
}

/**
 * Reads the body of a feedback call: one item, an array of items, or `{"feedback": [items]}`, up to 1,000. Either all
 * items are good or the first wrong field is named and none is taken. Items without an id get one.
 */
export function parseFeedback(
  body: unknown,
  receipt: FeedbackReceipt = { keyId: null, receivedAt: Date.now() },
): { items: Feedback[] } | { error: FeedbackProblem } {
  const batch = toBatch(body);
  if ("error" in batch) return batch;
  const items: Feedback[] = [];
  for (const [index, candidate] of batch.candidates.entries()) {
    const path = batch.path === null ? "" : `${batch.path}[${index}]`;
    const parsed = feedbackSchema.safeParse(candidate);
    if (!parsed.success) return { error: toProblem(parsed.error.issues[0]!, path) };
    const target = targetOf(parsed.data);
    if (target === null)
      return problem("exactly one of request_id, run_id and thread_id is needed", path || null);
    items.push(toFeedback(parsed.data, target, receipt));
  }
  return { items };
}

function toBatch(body: unknown): { candidates: unknown[]; path: string | null } | { error: FeedbackProblem } {
  if (typeof body !== "object" || body === null) return problem("expected an object or an array", null);
  if (!Array.isArray(body) && !("feedback" in body)) return { candidates: [body], path: null };
  const [candidates, path] = Array.isArray(body) ? [body, ""] : [body.feedback, "feedback"];
  if (!Array.isArray(body)) {
    const other = Object.keys(body).find((field) => field !== "feedback");
    if (other !== undefined) return problem(unknownField(other), null);
  }
  if (!Array.isArray(candidates) || candidates.length === 0 || candidates.length > MAX_BATCH) {
    return problem(`expected an array of 1 to ${MAX_BATCH} items`, path || null);
  }
  return { candidates, path };
}

function targetOf(item: FeedbackItem): Pick<Feedback, "target" | "targetId"> | null {
  const given = FEEDBACK_TARGETS.flatMap((target) => {
    const targetId = item[`${target}_id`];
    return targetId == null ? [] : [{ target, targetId }];
  });
  return given.length === 1 ? given[0]! : null;
}

function toFeedback(
  item: FeedbackItem,
  target: Pick<Feedback, "target" | "targetId">,
  receipt: FeedbackReceipt,
): Feedback {
  return {
    id: item.id ?? `fb_${randomUUID()}`,
    ...target,
    name: item.name,
    value: item.value,
    comment: item.comment ?? null,
    source: item.source ?? null,
    ...receipt,
  };
}

function toProblem(issue: z.core.$ZodIssue, path: string): FeedbackProblem {
  const field = issue.path.join(".");
  const param = path && field ? `${path}.${field}` : path || field || null;
  if (issue.code === "unrecognized_keys") return problem(unknownField(issue.keys[0]!), param).error;
  const expected = issue.path.length === 0 ? "an object" : issue.message;
  return problem(`expected ${expected}`, param).error;
}

function unknownField(name: string): string {
  return `unknown field ${JSON.stringify(name.slice(0, MAX_SHOWN_FIELD))}`;
}

function problem(message: string, param: string | null): { error: FeedbackProblem } {
  return { error: { message: param === null ? `Feedback: ${message}.` : `${param}: ${message}.`, param } };
}
