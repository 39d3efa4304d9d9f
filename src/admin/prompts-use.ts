import { z } from "zod";
import { changed, NOTHING, OF_LABEL, ONE, which } from "./prompts-input.ts";
import { historyShape, moveJson, promptJson, promptShape } from "./prompts-shape.ts";
import { fromService } from "./refused.ts";
import { type AdminContext, jsonRoute } from "./route.ts";
import { named } from "./shape-parts.ts";

const pointing = named("PromptVersionChoice", z.strictObject({ version: which }));
const archiving = named(
  "PromptArchiving",
  z.strictObject({
    version: which.optional().describe("A version. Absent: the whole prompt."),
  }),
);

export const showPromptLabel = jsonRoute({
  method: "GET",
  path: "/admin/prompts/{name}/labels/{label}",
  id: "showPromptLabel",
  summary: "Where a label pointed, also of one that was taken away.",
  params: OF_LABEL,
  query: NOTHING,
  body: null,
  answer: historyShape,
  async handle({ params: { name, label } }, { prompts }) {
    return { label, history: (await fromService(prompts.labelHistory(name, label))).map(moveJson) };
  },
});

export const movePromptLabel = jsonRoute({
  method: "PUT",
  path: "/admin/prompts/{name}/labels/{label}",
  id: "movePromptLabel",
  summary: "Points a label to a version. The label `production` is served to all who name the prompt.",
  params: OF_LABEL,
  query: NOTHING,
  body: pointing,
  answer: promptShape,
  async handle({ params: { name, label }, body }, context) {
    const { version } = await fromService(
      context.prompts.moveLabel(name, label, body.version, context.caller.id),
    );
    return await after(context, "A prompt's label was moved", { prompt: name, label, version });
  },
});

export const removePromptLabel = jsonRoute({
  method: "DELETE",
  path: "/admin/prompts/{name}/labels/{label}",
  id: "removePromptLabel",
  summary: "Takes a label away. Its history stays.",
  params: OF_LABEL,
  query: NOTHING,
  body: null,
  answer: promptShape,
  async handle({ params: { name, label } }, context) {
    await fromService(context.prompts.removeLabel(name, label, context.caller.id));
    return await after(context, "A prompt's label was taken away", { prompt: name, label });
  },
});

export const revertPromptLabel = jsonRoute({
  method: "POST",
  path: "/admin/prompts/{name}/labels/{label}/revert",
  id: "revertPromptLabel",
  summary: "Points a label to the version where it pointed before, as one more move.",
  params: OF_LABEL,
  query: NOTHING,
  body: null,
  answer: promptShape,
  async handle({ params: { name, label } }, context) {
    const { version } = await fromService(context.prompts.revertLabel(name, label, context.caller.id));
    return await after(context, "A prompt's label was moved back", { prompt: name, label, version });
  },
});

export const pinPrompt = jsonRoute({
  method: "PUT",
  path: "/admin/prompts/{name}/pin",
  id: "pinPrompt",
  summary:
    "Pins a version: every request that names the prompt gets it, whatever labels and experiments say.",
  params: ONE,
  query: NOTHING,
  body: pointing,
  answer: promptShape,
  async handle({ params: { name }, body }, context) {
    const { version } = await fromService(context.prompts.pin(name, body.version));
    return await after(context, "A prompt's version was pinned", { prompt: name, version });
  },
});

export const unpinPrompt = jsonRoute({
  method: "DELETE",
  path: "/admin/prompts/{name}/pin",
  id: "unpinPrompt",
  summary: "Takes the pin away.",
  params: ONE,
  query: NOTHING,
  body: null,
  answer: promptShape,
  async handle({ params: { name } }, context) {
    await fromService(context.prompts.unpin(name));
    return await after(context, "A prompt's pin was taken away", { prompt: name });
  },
});

export const archivePrompt = jsonRoute({
  method: "POST",
  path: "/admin/prompts/{name}/archive",
  id: "archivePrompt",
  summary: "Archives a prompt or one of its versions. What is in use is refused.",
  params: ONE,
  query: NOTHING,
  body: archiving,
  answer: promptShape,
  async handle({ params: { name }, body: { version = null } }, context) {
    await fromService(context.prompts.archive(name, version));
    return await after(context, "A prompt was archived", { prompt: name, version });
  },
});

export const unarchivePrompt = jsonRoute({
  method: "POST",
  path: "/admin/prompts/{name}/unarchive",
  id: "unarchivePrompt",
  summary: "Takes a prompt, or one of its versions, out of the archive.",
  params: ONE,
  query: NOTHING,
  body: archiving,
  answer: promptShape,
  async handle({ params: { name }, body: { version = null } }, context) {
    await fromService(context.prompts.unarchive(name, version));
    return await after(context, "A prompt was taken out of the archive", { prompt: name, version });
  },
});

/** What is so after a change. */
async function after(
  context: AdminContext,
  message: string,
  about: { readonly prompt: string; readonly label?: string; readonly version?: string | null },
): Promise<z.output<typeof promptShape>> {
  await changed(context, message, about);
  return promptJson(await fromService(context.prompts.summary(about.prompt)));
}
