import type { Logger } from "../lib/logger.ts";
import { Refusal } from "../lib/refusal.ts";
import { type Storage, StorageError } from "../storage/interface.ts";
import { openStorage } from "../storage/open.ts";
import { Conducting } from "./conducting.ts";
import { Conductor } from "./conductor.ts";
import { DirectAnalyst } from "./direct-analyst.ts";
import type { Failure, FromWorker, ToWorker } from "./worker-messages.ts";

/**
 * Leads experiments and reads their logs beside the thread that serves requests: a verdict takes up to a second. It has a
 * connection of its own to the storage.
 */
declare const self: Worker;

interface Opened {
  readonly storage: Storage;
  readonly conducting: Conducting;
  readonly analyst: DirectAnalyst;
}

const REOPEN_MS = 2_000;

let place: { readonly storageUrl: string; readonly cwd: string } | null = null;
let opening: Promise<Opened> | null = null;
let isWanted = false;
let isOver = false;
let isFailing = false;

const say = (message: FromWorker) => self.postMessage(message);
const log =
  (level: "debug" | "info" | "warn" | "error"): Logger["info"] =>
  (message, fields = {}) =>
    say({ kind: "log", level, message, fields });
const logger: Logger = { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === "open") place = data;
  else if (data.kind === "lead") void lead(data.isWanted);
  else if (data.kind === "close") void close();
  else void answer(data);
};

function opened(): Promise<Opened> {
  opening ??= open();
  // A storage that could not be opened is tried again when it is next needed.
  opening.catch(() => {
    opening = null;
  });
  return opening;
}

async function open(): Promise<Opened> {
  if (place === null) throw new Error("The storage was not named.");
  const storage = await openStorage(place.storageUrl, place.cwd);
  const conducting = new Conducting(new Conductor(storage, logger), logger);
  return { storage, conducting, analyst: new DirectAnalyst(storage) };
}

async function lead(wanted: boolean): Promise<void> {
  isWanted = wanted;
  if (!wanted && opening === null) return;
  try {
    const { conducting } = await opened();
    isFailing = false;
    if (isWanted && !isOver) conducting.start();
    else await conducting.stop();
  } catch (error) {
    if (!isFailing)
      logger.error("The storage cannot be opened to lead experiments.", { error: String(error) });
    isFailing = true;
    setTimeout(() => {
      if (isWanted && !isOver) void lead(true);
    }, REOPEN_MS);
  }
}

async function answer(question: Extract<ToWorker, { kind: "report" | "evaluate" }>): Promise<void> {
  const { kind, number, id } = question;
  try {
    const { analyst } = await opened();
    const found = await (kind === "report" ? analyst.report(id) : analyst.evaluate(id, question.question));
    say({ kind: "answer", number, answer: found });
  } catch (error) {
    say({ kind: "failure", number, failure: failureOf(error) });
  }
}

async function close(): Promise<void> {
  isOver = true;
  try {
    const last = await opening;
    await last?.conducting.stop();
    await last?.storage.close();
  } catch (error) {
    logger.warn("The storage of the experiments could not be closed in order", { error: String(error) });
  }
  say({ kind: "closed" });
}

function failureOf(error: unknown): Failure {
  const refusal = error instanceof Refusal ? error.kind : null;
  const name = refusal !== null ? "Refusal" : error instanceof StorageError ? "StorageError" : "Error";
  return { name, refusal, message: error instanceof Error ? error.message : String(error) };
}
