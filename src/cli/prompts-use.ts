import { promptJson } from "../admin/prompts-shape.ts";
import type { PromptCatalogue } from "../prompts/catalogue.ts";
import { asJson, type PromptsIo, type PromptsOptions, withCatalogue } from "./prompts-parts.ts";

/** Does something to a prompt and says what: as a sentence, or with `--json` as the prompt is then. */
async function change(
  name: string,
  { json }: PromptsOptions,
  io: PromptsIo,
  work: (catalogue: PromptCatalogue) => Promise<string>,
): Promise<void> {
  const [said, summary] = await withCatalogue(io, async (catalogue) => [
    await work(catalogue),
    await catalogue.summary(name),
  ]);
  io.stdout.write(json ? asJson(promptJson(summary)) : `${said}\n`);
}

export async function label(
  operands: readonly string[],
  options: PromptsOptions,
  io: PromptsIo,
): Promise<void> {
  const [name, called, which] = operands as [string, string, string];
  await change(name, options, io, async (catalogue) => {
    const { version } = await catalogue.moveLabel(name, called, which, null);
    return `The label ${called} of ${name} points to version ${version}.`;
  });
}

export async function unlabel(
  operands: readonly string[],
  options: PromptsOptions,
  io: PromptsIo,
): Promise<void> {
  const [name, called] = operands as [string, string];
  await change(name, options, io, async (catalogue) => {
    await catalogue.removeLabel(name, called, null);
    return `The label ${called} of ${name} is taken away.`;
  });
}

export async function revert(
  operands: readonly string[],
  options: PromptsOptions,
  io: PromptsIo,
): Promise<void> {
  const [name, called] = operands as [string, string];
  await change(name, options, io, async (catalogue) => {
    const { version } = await catalogue.revertLabel(name, called, null);
    return `The label ${called} of ${name} points to version ${version} again.`;
  });
}

export async function pin(
  operands: readonly string[],
  options: PromptsOptions,
  io: PromptsIo,
): Promise<void> {
  const [name, which] = operands as [string, string];
  await change(name, options, io, async (catalogue) => {
    const { version } = await catalogue.pin(name, which);
    return `Every request that names ${name} gets version ${version}, whatever its labels and experiments say.`;
  });
}

export async function unpin(
  operands: readonly string[],
  options: PromptsOptions,
  io: PromptsIo,
): Promise<void> {
  const [name] = operands as [string];
  await change(name, options, io, async (catalogue) => {
    await catalogue.unpin(name);
    return `No version of ${name} is pinned.`;
  });
}

export async function archive(
  operands: readonly string[],
  options: PromptsOptions,
  io: PromptsIo,
): Promise<void> {
  const [name, which] = operands as [string, string | undefined];
  await change(name, options, io, async (catalogue) => {
    await catalogue.archive(name, which ?? null);
    return `${which === undefined ? name : `Version ${which} of ${name}`} is archived.`;
  });
}

export async function unarchive(
  operands: readonly string[],
  options: PromptsOptions,
  io: PromptsIo,
): Promise<void> {
  const [name, which] = operands as [string, string | undefined];
  await change(name, options, io, async (catalogue) => {
    await catalogue.unarchive(name, which ?? null);
    return `${which === undefined ? name : `Version ${which} of ${name}`} is out of the archive.`;
  });
}
