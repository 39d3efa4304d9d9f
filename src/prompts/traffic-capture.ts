import type { Logger } from "../lib/logger.ts";
import type { PromptStore } from "../storage/prompt-store.ts";
import { newVersion } from "./new-version.ts";
import type { Renderer } from "./render.ts";
import { revisionOf } from "./revision.ts";
import type { TemplateVersion, VersionDraft } from "./template.ts";

/** Revisions of one template, and templates, that traffic may bring: a client that puts its values into the text has a new one each time. */
const LIMITS = { most: 200, mostTemplates: 10_000 };
/** What is new waits this long for more of it. */
const GATHER_MS = 200;
const RETRY_MS = 5_000;
/** More than so many wait for no storage. */
const MOST_WAITING = 1_000;
/** Texts that are known to be kept, by their ids: that many. */
const MOST_KNOWN = 10_000;
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
}

/** Keeps the templates that clients send, each once, beside their requests. */
export class TrafficCapture {
  readonly #store: Pick<PromptStore, "capture">;
  readonly #renderer: Renderer;
  readonly #logger: Logger;
  /** By template id, the text that was seen last: most clients send the same again and again. */
  readonly #known = new Map<string, Known>();
  /** Ids with revisions that were put on their way. */
  readonly #sent = new Set<string>();
  /** By template, how many of them. */
  readonly #counts = new Map<string, number>();
  #waiting: TemplateVersion[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #nextLog = -Infinity;
  #refused = 0;

  constructor(store: Pick<PromptStore, "capture">, renderer: Renderer, logger: Logger) {
    this.#store = store;
    this.#renderer = renderer;
    this.#logger = logger;
  }

  /** Texts that were not kept, for the limits' sake. */
  get refused(): number {
    return this.#refused;
  }

  /** The text as a version; `version` null is that of a bare name. It is kept unless it is no valid template. */
  see(template: string, version: string | null, text: string): SeenTemplate {
    const id = version === null ? template : `${template}-v${version}`;
    const known = this.#known.get(id);
    if (known?.text === text) return known.seen;
    const messages = [{ role: null, text }];
    const revision = revisionOf({ messages, model: null, parameters: {} });
    const seen = { template, version: version ?? `0+${revision}`, revision, messages };
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(id, { text, seen });
    this.#keep(seen);
    return seen;
  }

  /** Has what waits stored; resolves when that is done or has failed. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#waiting.length === 0) return;
    const batch = this.#waiting;
    this.#waiting = [];
    try {
      const { refused } = await this.#store.capture(batch, LIMITS);
      if (refused > 0) this.#tellRefused(refused, batch[0]!.template);
    } catch (error) {
      this.#log("Templates seen in traffic cannot be stored; they wait.", { error: String(error) });
      this.#waiting = [...batch, ...this.#waiting].slice(0, MOST_WAITING);
      this.#schedule(RETRY_MS);
    }
  }

  #keep(seen: SeenTemplate): void {
    const { template, version, revision, messages } = seen;
    const key = `${template} ${version} ${revision}`;
    if (this.#sent.has(key) || this.#waiting.length >= MOST_WAITING) return;
    const count = this.#counts.get(template) ?? 0;
    if (count >= LIMITS.most) {
      this.#tellRefused(1, template);
      return;
    }
    const draft = { template, version, messages, model: null, parameters: {} };
    const made = newVersion(this.#renderer, draft, "traffic", Date.now());
    // What is no template is told of by the request's own record.
    if (made instanceof Error) return;
    if (this.#sent.size >= MOST_KNOWN) {
      this.#sent.clear();
      this.#counts.clear();
    }
    this.#sent.add(key);
    this.#counts.set(template, count + 1);
    this.#waiting.push(made);
    this.#schedule(GATHER_MS);
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
