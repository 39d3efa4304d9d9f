import type { JsonChanges } from "../lib/json-changes.ts";
import { isArray, isObject, type Member } from "../lib/json-scan.ts";
import { lastMember, type ScannedObject, scanObject } from "../lib/scanned-json.ts";
import type { MessageForms, SystemForms } from "./format.ts";
import { hasMore, isString, type Spot, textAt } from "./place-texts.ts";
import { fill } from "./put-text.ts";
import { makeParts } from "./settle-place.ts";

/** The system prompt of an API that has it at the top of a request, and what templates add to it. */
export class SystemPrompt {
  readonly #changes: JsonChanges;
  readonly #body: Buffer;
  readonly #root: ScannedObject;
  readonly #forms: SystemForms | null;
  readonly #member: Member | undefined;
  /** Its own place, where the whole of it is an object with template fields. */
  #spot: Spot | null = null;
  #filling: string | null = null;
  readonly #appended: string[] = [];

  constructor(changes: JsonChanges, body: Buffer, root: ScannedObject, { system }: MessageForms) {
    this.#changes = changes;
    this.#body = body;
    this.#root = root;
    this.#forms = system;
    this.#member = system === null ? undefined : lastMember(root, ...system.names);
  }

  /** Whether this place is the whole of it. */
  isAt({ object }: Spot): boolean {
    return object.start === this.#member?.start;
  }

  /** `text` is to be the whole of it, before what is appended; null leaves it its own. */
  fill(spot: Spot, text: string | null): void {
    this.#spot = spot;
    this.#filling = text;
  }

  append(text: string): void {
    this.#appended.push(text);
  }

  write(): void {
    if (this.#forms === null) return;
    const appended = this.#appended.join("\n\n");
    const isAppended = this.#appended.length > 0;
    const spot = this.#spot;
    const first = this.#filling ?? (isAppended ? this.#ownText() : null);
    if (spot !== null && first !== null)
      fill(this.#changes, this.#body, spot, isAppended ? `${first}\n\n${appended}` : first);
    else if (isAppended) this.#appendToWhole(appended, this.#forms);
  }

  /** The text of a block that becomes a text, after which no other block could stand; null elsewhere. */
  #ownText(): string | null {
    const spot = this.#spot;
    const isText = spot?.kind === "block" && !hasMore(this.#body, spot.object);
    return isText ? textAt(this.#body, spot) : null;
  }

  /** What is there stays as it is. */
  #appendToWhole(text: string, { names, hasParts, writeWhole, writeBlock }: SystemForms): void {
    const top = this.#changes.object(this.#root);
    const member = this.#member;
    const body = this.#body;
    if (member === undefined || !(isString(body, member) || isNested(body, member))) {
      top.set(names, writeWhole(text));
      return;
    }
    top.keepLast(names);
    if (isString(body, member)) {
      const isEmpty = member.end - member.start === 2;
      // It stands between quotes already.
      const more = JSON.stringify(isEmpty ? text : `\n\n${text}`).slice(1, -1);
      this.#changes.insert(member.end - 1, more);
      return;
    }
    const content = hasParts && isObject(body, member.start) ? scanObject(body, member.start) : null;
    if (content === null) {
      this.#changes.list(member.start).addLast(writeBlock(text));
      return;
    }
    const inner = lastMember(content, "parts");
    if (inner !== undefined && isNested(body, inner))
      this.#changes.list(inner.start).addLast(writeBlock(text));
    else makeParts(this.#changes, body, content, writeBlock(text));
  }
}

function isNested(body: Buffer, { start }: Member): boolean {
  return isArray(body, start) || isObject(body, start);
}
