import { z } from "zod";
import { fromStorage } from "../answers/storage-call.ts";
import type { PromptCatalogue, WantedVersion } from "../prompts/catalogue.ts";
import { MAX_MESSAGES } from "../prompts/limits.ts";
import type { VersionContent } from "../prompts/template.ts";
import { messageShape } from "./prompts-shape.ts";
import { fromService } from "./refused.ts";
import type { AdminContext } from "./route.ts";
import { named } from "./shape-parts.ts";

/** Bytes: the longest text of a version, in UTF-8 with escapes, and what stands around it. */
export const MAX_PROMPT_BODY = 2 * 1024 * 1024;

const name = z.string().min(1).max(200).describe("The prompt's name.");
export const which = z.string().min(1).max(200).describe("A version, or the label that points to it.");
const label = z.string().min(1).max(200).describe("The label.");

export const ONE = z.strictObject({ name });
export const OF_VERSION = z.strictObject({ name, version: which });
export const OF_LABEL = z.strictObject({ name, label });
export const NOTHING = z.strictObject({});

/** A JSON object as it came. A schema of records would leave a member called `__proto__` out. */
export const jsonObject = z
  .unknown()
  .refine(
    (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    "expected an object",
  )
  .meta({ type: "object" });

const contentFields = {
  version: z
    .string()
    .max(200)
    .optional()
    .describe("Digits, letters, . _ + and -, a digit first. The next whole number where it is absent."),
  text: z.string().optional().describe("Liquid; instead of messages."),
  messages: z.array(messageShape).min(1).max(MAX_MESSAGES).optional().describe("Each with a role."),
  model: z.string().nullable().optional().describe("A model to suggest."),
  parameters: jsonObject.optional().describe("Parameters of the request to suggest, such as `temperature`."),
};
const fromField = which
  .optional()
  .describe("A version, or the label that points to it: what is absent here is as there.");

interface Wish {
  readonly from?: string | undefined;
  readonly version?: string | undefined;
  readonly text?: string | undefined;
  readonly messages?: VersionContent["messages"] | undefined;
  readonly model?: string | null | undefined;
  readonly parameters?: unknown;
}

const hasOneText = ({ text, messages, from }: Wish) =>
  text === undefined ? messages !== undefined || from !== undefined : messages === undefined;
const TEXT_NEEDED = { message: "expected either text or messages", path: ["text"] };

export const promptWish = named(
  "PromptWish",
  z.strictObject({ name, ...contentFields }).refine(hasOneText, TEXT_NEEDED),
);
export const versionWish = named(
  "PromptVersionWish",
  z.strictObject({ from: fromField, ...contentFields }).refine(hasOneText, TEXT_NEEDED),
);

/** The version that was asked for, with what it takes from another one. */
export async function wantedVersion(
  prompts: PromptCatalogue,
  template: string,
  wish: Wish,
): Promise<WantedVersion> {
  const base: Partial<VersionContent> =
    wish.from === undefined ? {} : await fromService(prompts.version(template, wish.from));
  const text = wish.text === undefined ? undefined : [{ role: null, text: wish.text }];
  return {
    template,
    version: wish.version,
    messages: text ?? wish.messages ?? base.messages ?? [],
    model: wish.model === undefined ? (base.model ?? null) : wish.model,
    parameters: (wish.parameters as VersionContent["parameters"] | undefined) ?? base.parameters ?? {},
  };
}

/** This process need not wait for the next look at the storage. */
export async function changed(
  { follow, logger, caller }: AdminContext,
  message: string,
  about: Readonly<Record<string, unknown>>,
): Promise<void> {
  logger.info(message, { ...about, by: caller.id });
  await fromStorage(follow());
}
