import type { Logger } from "../lib/logger.ts";
import { StorageError } from "../storage/interface.ts";
import type { PromptStore } from "../storage/prompt-store.ts";
import { MAX_SOURCE_CHARS } from "./limits.ts";
import { newVersion } from "./new-version.ts";
import type { Renderer } from "./render.ts";
import { revisionOf } from "./revision.ts";
import type { TemplateVersion, VersionDraft } from "./template.ts";
import { TextMemory } from "./text-memory.ts";

/** Revisions of one template, and templates, that traffic may bring: a client that puts its values into the text has a new one each time. */
const LIMITS = { most: 200, mostTemplates: 10_000 };
/** What is new waits this long for more of it. */
const GATHER_MS = 200;
const RETRY_MS = 5_000;
/** More than so many, or than so many characters, wait for no storage. */
const MOST_WAITING = 1_000;
const MOST_WAITING_CHARS = 33_554_432;
/** Texts that are known to be kept, by their ids: that many. */
const MOST_KNOWN = 10_000;
const MOST_KNOWN_CHARS = 33_554_432;
const LOG_EVERY_MS = 60_000;

/** A text that a client sent as a template, with what it is known by. */
export interface SeenTemplate {
  readonly template: string;
  /** The client's, or one made of the text where it named none. */
  readonly version: string;
  readonly revision: string;
  readonly messages: VersionDraft["messages"];
}

interface Known {
  readonly text: string;
  readonly seen: SeenTemplate;
  readonly isKept: boolean;
}

/** Keeps the templates that clients send, each once, beside their requests. */
export class TrafficCapture {
  readonly #store: Pick<PromptStore, "capture">;
  readonly #renderer: Renderer;
  readonly #logger: Logger;
  readonly #onStored: (template: string) => void;
  /** By template id, the text that was seen last: most clients send the same again and again. */
  readonly #known = new TextMemory<Known>(MOST_KNOWN, MOST_KNOWN_CHARS);
  /** Ids with revisions that were put on their way. */
  readonly #sent = new Set<string>();
  /** By template, how many of them. */
  readonly #counts = new Map<string, number>();
  #waiting: TemplateVersion[] = [];
  #waitingChars = 0;
  #flushing: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #nextLog = -Infinity;
  #refused = 0;

  /** `onStored` is told of each template of which something was stored. */
  constructor(
    store: Pick<PromptStore, "capture">,
    renderer: Renderer,
    logger: Logger,
    onStored: (template: string) => void = () => {},
  ) {
    this.#store = store;
    this.#renderer = renderer;
    this.#logger = logger;
    this.#onStored = onStored;
  }

  /** Texts that were not kept, for the limits' sake. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * The text as a version; `version` null is that of a bare name. With `keeps` it is kept, unless it is no valid template.
   */
  see(template: string, version: string | null, text: string, keeps: boolean): SeenTemplate {
    const id = version === null ? template : `${template}-v${version}`;
    const known = this.#known.get(id);
    const isKnown = known !== undefined && known.text === text;
    if (isKnown && (known.isKept || !keeps)) return known.seen;
    const seen = isKnown ? known.seen : seenOf(template, version, text);
    const isKept = keeps && this.#keep(seen);
    this.#known.set(id, { text, seen, isKept }, text.length);
    return seen;
  }

  /** Has what waits stored; resolves when that is done or has failed. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#storeWaiting());
    return this.#flushing;
  }

  async #storeWaiting(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const batch = this.#waiting;
    this.#waiting = [];
    const left = await this.#storeAll(batch);
    for (const one of batch) this.#waitingChars -= charsOf(one);
    for (const one of left) this.#waitingChars += charsOf(one);
    if (left.length === 0) return;
    // What came meanwhile found room beside them.
    this.#waiting = [...left, ...this.#waiting];
    this.#schedule(RETRY_MS);
  }

  /** Resolves with those for which the storage is to be asked again. */
  async #storeAll(batch: readonly TemplateVersion[]): Promise<readonly TemplateVersion[]> {
    if (batch.length === 0) return batch;
    try {
      const { refused } = await this.#store.capture(batch, LIMITS);
      if (refused > 0) this.#tellRefused(refused, batch[0]!.template);
      // Which ones were refused is not told.
      else for (const { template } of batch) this.#onStored(template);
      return [];
    } catch (error) {
      if (!(error instanceof StorageError) || !error.refusesData) {
        this.#log("Templates seen in traffic cannot be stored; they wait.", { error: String(error) });
        return batch;
      }
      if (batch.length === 1) {
        this.#log("A template seen in traffic cannot be stored.", { error: String(error) });
        return [];
      }
      // One that no database takes must not hold up the others.
      const left: TemplateVersion[] = [];
      for (const one of batch) left.push(...(await this.#storeAll([one])));
      return left;
    }
  }

  /** Whether there is nothing more to be done for it. */
  #keep(seen: SeenTemplate): boolean {
    const { template, version, revision, messages } = seen;
    const key = `${template} ${version} ${revision}`;
    if (this.#sent.has(key)) return true;
    const count = this.#counts.get(template) ?? 0;
    if (count >= LIMITS.most) {
      this.#tellRefused(1, template);
      return true;
    }
    const chars = charsOf(seen);
    if (chars > MAX_SOURCE_CHARS) return true;
    if (this.#waiting.length >= MOST_WAITING || this.#waitingChars + chars > MOST_WAITING_CHARS) return false;
    const draft = { template, version, messages, model: null, parameters: {} };
    const made = newVersion(this.#renderer, draft, "traffic", Date.now());
    // What is no template is told of by the request's own record.
    if (made instanceof Error) return true;
    if (this.#sent.size >= MOST_KNOWN) {
      this.#sent.clear();
      this.#counts.clear();
    }
    this.#sent.add(key);
    this.#counts.set(template, count + 1);
    this.#waiting.push(made);
    this.#waitingChars += chars;
    this.#schedule(GATHER_MS);
    return true;
  }

  #schedule(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.flush();
    }, ms);
  }

  #tellRefused(count: number, template: string): void {
    this.#refused += count;
    this.#log(
      "A template has more texts than are kept of traffic: does its client put values into the text?",
      { template, not_kept: this.#refused },
    );
  }

  #log(message: string, fields: Record<string, unknown>): void {
    const now = performance.now();
    if (now < this.#nextLog) return;
    this.#nextLog = now + LOG_EVERY_MS;
    this.#logger.warn(message, fields);
  }
}

function seenOf(template: string, version: string | null, text: string): SeenTemplate {
  const messages = [{ role: null, text }];
  const revision = revisionOf({ messages, model: null, parameters: {} });
  return { template, version: version ?? `0+${revision}`, revision, messages };
}

function charsOf({ messages }: Pick<SeenTemplate, "messages">): number {
  return messages.reduce((sum, { text }) => sum + text.length, 0);
}
