import { z } from "zod";
import { GatewayError } from "../exchange/errors.ts";
import { nameFault } from "../prompts/template-id.ts";
import { cursorShape, pageFields } from "./list-page.ts";
import {
  changed,
  jsonObject,
  MAX_PROMPT_BODY,
  NOTHING,
  OF_VERSION,
  ONE,
  promptWish,
  versionWish,
  wantedVersion,
  which,
} from "./prompts-input.ts";
import {
  comparisonJson,
  comparisonShape,
  detailsJson,
  detailsShape,
  messageShape,
  promptJson,
  promptShape,
  versionJson,
  versionShape,
} from "./prompts-shape.ts";
import { fromService } from "./refused.ts";
import { jsonRoute } from "./route.ts";
import { named } from "./shape-parts.ts";

const listShape = named("PromptList", z.object({ prompts: z.array(promptShape), cursor: cursorShape }));
const madeShape = named(
  "MadePromptVersion",
  z.object({
    made: z.boolean().describe("False where the version was there, with this very text."),
    version: versionShape,
  }),
);
const previewWish = named(
  "PromptPreviewWish",
  z.strictObject({
    version: which
      .optional()
      .describe("A version or a label. Absent: the pinned version, that of `production`, or the newest."),
    variables: jsonObject.default({}).describe("Their values, by name."),
  }),
);
const previewShape = named(
  "PromptPreview",
  z.object({ id: z.string(), revision: z.string(), messages: z.array(messageShape) }),
);

export const listPrompts = jsonRoute({
  method: "GET",
  path: "/admin/prompts",
  id: "listPrompts",
  summary: "The prompts by name, with their labels.",
  params: NOTHING,
  query: z.strictObject({
    archived: z
      .enum(["no", "yes", "all"], { error: "expected one of no, yes, all" })
      .default("no")
      .describe("Whether archived ones are listed: `no`, `yes` for these alone, or `all`."),
    ...pageFields({ of: "Prompts", limit: 100, most: 1000 }),
  }),
  body: null,
  answer: listShape,
  async handle({ query }, { prompts }) {
    const { archived, limit, cursor } = query;
    if (cursor !== undefined && nameFault(cursor) !== null) {
      throw new GatewayError("invalid_request", "`cursor` is none that was given for this list.", {
        param: "cursor",
      });
    }
    const meant = (await fromService(prompts.list())).filter(
      ({ template: { name, archivedAt } }) =>
        (archived === "all" || (archivedAt !== null) === (archived === "yes")) &&
        (cursor === undefined || name > cursor),
    );
    const page = meant.slice(0, limit);
    return {
      prompts: page.map(promptJson),
      cursor: meant.length > limit ? page.at(-1)!.template.name : null,
    };
  },
});

export const showPrompt = jsonRoute({
  method: "GET",
  path: "/admin/prompts/{name}",
  id: "showPrompt",
  summary: "A prompt with its versions, its labels and where they pointed, and its experiments.",
  params: ONE,
  query: NOTHING,
  body: null,
  answer: detailsShape,
  async handle({ params }, { prompts }) {
    return detailsJson(await fromService(prompts.show(params.name)));
  },
});

export const createPrompt = jsonRoute({
  method: "POST",
  path: "/admin/prompts",
  id: "createPrompt",
  summary: "Makes a prompt with its first version. One that is there is refused.",
  params: NOTHING,
  query: NOTHING,
  body: promptWish,
  maxBody: MAX_PROMPT_BODY,
  status: 201,
  answer: madeShape,
  async handle({ body: { name, ...wish } }, context) {
    const { prompts } = context;
    const wanted = await wantedVersion(prompts, name, wish);
    const { made, version } = await fromService(prompts.create(wanted, { newPrompt: true }));
    if (made) await changed(context, "A prompt was made", { prompt: name, version: version.version });
    return { made, version: versionJson(version) };
  },
});

export const createPromptVersion = jsonRoute({
  method: "POST",
  path: "/admin/prompts/{name}/versions",
  id: "createPromptVersion",
  summary: "Makes a version, from another one where that is wished, and its prompt where that is new.",
  params: ONE,
  query: NOTHING,
  body: versionWish,
  maxBody: MAX_PROMPT_BODY,
  status: 201,
  answer: madeShape,
  async handle({ params, body }, context) {
    const { prompts } = context;
    const { made, version } = await fromService(
      prompts.create(await wantedVersion(prompts, params.name, body)),
    );
    if (made)
      await changed(context, "A version of a prompt was made", {
        prompt: params.name,
        version: version.version,
      });
    return { made, version: versionJson(version) };
  },
});

export const showPromptVersion = jsonRoute({
  method: "GET",
  path: "/admin/prompts/{name}/versions/{version}",
  id: "showPromptVersion",
  summary: "A version with its texts. `1@<revision>` is the one of several conflicting texts.",
  params: OF_VERSION,
  query: NOTHING,
  body: null,
  answer: versionShape,
  async handle({ params }, { prompts }) {
    return versionJson(await fromService(prompts.version(params.name, params.version)));
  },
});

export const comparePromptVersions = jsonRoute({
  method: "GET",
  path: "/admin/prompts/{name}/compare",
  id: "comparePromptVersions",
  summary: "What changed from one version to another, line by line.",
  params: ONE,
  query: z.strictObject({ before: which, after: which }),
  body: null,
  answer: comparisonShape,
  async handle({ params, query }, { prompts }) {
    return comparisonJson(await fromService(prompts.compare(params.name, query.before, query.after)));
  },
});

export const previewPrompt = jsonRoute({
  method: "POST",
  path: "/admin/prompts/{name}/preview",
  id: "previewPrompt",
  summary: "A version with variables put in, as a model would get it.",
  params: ONE,
  query: NOTHING,
  body: previewWish,
  maxBody: MAX_PROMPT_BODY,
  answer: previewShape,
  async handle({ params, body }, { prompts }) {
    const { version, messages } = await fromService(
      prompts.preview(params.name, body.version, body.variables as Readonly<Record<string, unknown>>),
    );
    const { id, revision } = versionJson(version);
    return { id, revision, messages: [...messages] };
  },
});
