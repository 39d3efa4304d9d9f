import { createTwoFilesPatch } from "diff";
import { MAX_DIFFERENT_LINES } from "./diff.ts";
import { writeVersionFile } from "./front-matter.ts";
import type { VersionDraft } from "./template.ts";
import { formatTemplateId } from "./template-id.ts";

/**
 * What changed from one version to another as a unified diff of what a folder's files would hold, without their names and
 * versions, which always differ. Empty where nothing changed.
 */
export function unifiedDiff(before: VersionDraft, after: VersionDraft): string {
  const texts = [contentOf(before), contentOf(after)] as const;
  if (texts[0] === texts[1]) return "";
  const names = [before, after].map(({ template, version }) => formatTemplateId({ name: template, version }));
  const patch = createTwoFilesPatch(names[0]!, names[1]!, ...texts, undefined, undefined, {
    maxEditLength: MAX_DIFFERENT_LINES,
    headerOptions: { includeIndex: false, includeUnderline: false, includeFileHeaders: true },
  });
  return patch ?? wholeDiff(names, texts);
}

/** The file's text after its first two members. */
function contentOf(version: VersionDraft): string {
  const lines = writeVersionFile(version).split("\n").toSpliced(1, 2);
  return lines[1] === "---" ? lines.slice(2).join("\n") : lines.join("\n");
}

/** For texts that differ in more lines than are compared. */
function wholeDiff(names: readonly string[], texts: readonly string[]): string {
  const [removed, added] = texts.map((text) => text.replace(/\n$/, "").split("\n"));
  return [
    `--- ${names[0]}`,
    `+++ ${names[1]}`,
    `@@ -1,${removed!.length} +1,${added!.length} @@`,
    ...removed!.map((line) => `-${line}`),
    ...added!.map((line) => `+${line}`),
    "",
  ].join("\n");
}
