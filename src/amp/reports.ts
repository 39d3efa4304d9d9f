import { fromStorage } from "../answers/storage-call.ts";
import type { AmpConfig } from "../config/schema.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { Logger } from "../lib/logger.ts";
import type { ClientReport, ClientReportKind, ClientReportStore } from "../storage/client-report-store.ts";
import { isObject, MB, refuseField } from "./input.ts";

const MAX_EVENTS = 5000;
const MAX_CHARACTERS = 256 * 1024;
const DAY_MS = 86_400_000;
/** What may be added beyond the bound before it is looked at again, as a share of the bound. */
const EXCESS_SHARE = 0.1;
/** Rows deleted in one transaction, which keeps others waiting. */
const STEP = 500;
/** Milliseconds between two looks at the bounds, and between two steps of deleting. */
const INTERVAL_MS = 60_000;
const PAUSE_MS = 50;

/** Keeps what clients report of themselves, within the bounds of the configuration. */
export class Reports {
  readonly #store: ClientReportStore;
  readonly #logger: Logger;
  #pruning = false;
  /** Characters added since the bounds were looked at. */
  #added = 0;
  #failed = false;

  constructor(store: ClientReportStore, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /** Keeps telemetry and returns how many events there were. Throws invalid_request or storage_unavailable. */
  async telemetry(body: unknown, keyId: string, config: AmpConfig): Promise<number> {
    if (!Array.isArray(body)) {
      throw new GatewayError("invalid_request", "The body must be an array of objects.");
    }
    if (body.length > MAX_EVENTS) {
      throw new GatewayError("body_too_large", `At most ${MAX_EVENTS} events are taken at once.`);
    }
    await this.#add(
      "telemetry",
      body.map((event, index) => [event, `[${index}]`]),
      keyId,
      config,
    );
    return body.length;
  }

  /** Keeps an error. Throws invalid_request or storage_unavailable. */
  async error(body: unknown, keyId: string, config: AmpConfig): Promise<void> {
    if (isObject(body) && typeof body.message !== "string") refuseField("message", "text");
    await this.#add("error", [[body, "The body"]], keyId, config);
  }

  /** Deletes what is too old or too much, now and then, until the signal comes. `config` is asked each time anew. */
  keepWithin(config: () => AmpConfig, signal: AbortSignal): void {
    const timer = setInterval(() => void this.prune(config()), INTERVAL_MS);
    timer.unref();
    signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  }

  /** Deletes what is too old or too much, in small steps. A storage that fails is left alone until the next time. */
  async prune({ reports }: AmpConfig): Promise<void> {
    if (this.#pruning) return;
    this.#pruning = true;
    this.#added = 0;
    try {
      const before = Date.now() - reports.max_age_days * DAY_MS;
      const maxCharacters = reports.max_size_mb * MB;
      while ((await this.#store.prune({ before, maxCharacters, limit: STEP })) === STEP)
        await Bun.sleep(PAUSE_MS);
      this.#failed = false;
    } catch (error) {
      if (!this.#failed)
        this.#logger.warn("Old reports of clients could not be deleted.", { error: String(error) });
      this.#failed = true;
    } finally {
      this.#pruning = false;
    }
  }

  async #add(
    kind: ClientReportKind,
    bodies: readonly (readonly [unknown, string])[],
    keyId: string,
    config: AmpConfig,
  ): Promise<void> {
    const receivedAt = Date.now();
    const reports = bodies.map(([value, name]): ClientReport => {
      if (!isObject(value)) throw new GatewayError("invalid_request", `${name} must be an object.`);
      const body = JSON.stringify(value);
      if (body.length > MAX_CHARACTERS) {
        throw new GatewayError("body_too_large", `${name} is longer than ${MAX_CHARACTERS} characters.`);
      }
      return { kind, keyId, receivedAt, body };
    });
    if (reports.length === 0 || config.reports.max_size_mb === 0) return;
    await fromStorage(this.#store.add(reports));
    for (const { body } of reports) this.#added += body.length;
    if (this.#added > config.reports.max_size_mb * MB * EXCESS_SHARE) void this.prune(config);
  }
}
