import type { LoggingConfig } from "../config/schema.ts";
import type { LogFields, Logger } from "../lib/logger.ts";
import type { Trace } from "../records/trace.ts";
import { createLineQueue, type LineQueue } from "./line-queue.ts";
import { createLogFile } from "./log-file.ts";
import { jsonLine, type LogEntry, type LogLevel, toLogEntry } from "./log-line.ts";
import { createStreamDestination, type OutputStream } from "./log-stream.ts";
import { prettyLine } from "./pretty-line.ts";
import { requestJson, requestLevel, requestPretty } from "./request-log.ts";

export interface LogOutput {
  readonly stdout: OutputStream;
  /** Whether a person looks at it: chooses the format where it is `auto`. */
  readonly isTty: boolean;
  /** Colours in the pretty format; the default is `isTty` unless NO_COLOR is set. */
  readonly colour?: boolean;
}

export interface LogStatus {
  /** Lines lost since the start. */
  readonly dropped: number;
  /** Whether lines are being lost at the moment. */
  readonly losing: boolean;
  /** Why the log file cannot be written, rotated or tidied up at the moment. */
  readonly fileError: string | null;
}

export interface GatewayLogger extends Logger {
  /** Takes effect with the next line. */
  setLevel(level: LoggingConfig["level"]): void;
  /** The trace subscriber that logs one line a request, unless the configuration says no. */
  requestLine(trace: Trace): void;
  /** Resolves once every line so far is written, or an attempt to write it has failed. */
  flush(): Promise<void>;
  /** Flushes within a second and closes the file. */
  close(): Promise<void>;
  status(): LogStatus;
}

/** Milliseconds, and how many at most, that finished requests wait for their lines to be made. */
const GATHER_MS = 15;
const MAX_FINISHED = 500;

const RANKS: Record<LoggingConfig["level"], number> = {
  trace: 0,
  debug: 1,
  info: 2,
  warn: 3,
  error: 4,
  off: 5,
};

/**
 * The gateway's log: JSON lines or, on a terminal, readable ones to `stdout` unless the configuration says no, and JSON
 * lines to the configured file. Calls only queue: lines are written in batches at most 100 ms later, kept in memory while a destination
 * fails (at most 16 MB each) and dropped beyond that. Nothing here throws or waits for a disk.
 */
export function createLogger(config: LoggingConfig, output: LogOutput): GatewayLogger {
  const pretty = config.format === "pretty" || (config.format === "auto" && output.isTty);
  const colour = output.colour ?? (output.isTty && !process.env.NO_COLOR);
  const format = (entry: LogEntry) => (pretty ? prettyLine(entry, colour) : jsonLine(entry));

  const screen = createLineQueue(createStreamDestination(output.stdout), (count) =>
    format(dropNotice(count)),
  );
  const file = config.file === undefined ? null : createLogFile(config.file);
  const fileQueue: LineQueue | null =
    file && createLineQueue(tellingFailures(), (count) => jsonLine(dropNotice(count)));
  let threshold = RANKS[config.level];
  const finished: Trace[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;

  function log(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (RANKS[level] < threshold) return;
    const entry = toLogEntry(level, message, fields);
    push(
      () => jsonLine(entry),
      () => prettyLine(entry, colour),
    );
  }

  function push(json: () => string, readable: () => string): void {
    if (pretty) {
      if (config.console) screen.push(readable());
      fileQueue?.push(json());
    } else {
      const line = json();
      if (config.console) screen.push(line);
      fileQueue?.push(line);
    }
  }

  /** Lines of requests are made together: one by one, between requests, each would find the caches cold. */
  function writeFinished(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    for (const trace of finished) {
      const level = requestLevel(trace);
      push(
        () => requestJson(trace, level),
        () => requestPretty(trace, level, colour),
      );
    }
    finished.length = 0;
  }

  /** The file's failures are told on the screen, once each, since the file cannot tell them itself. */
  function tellingFailures() {
    let told: string | null = null;
    return {
      async write(lines: Buffer) {
        const written = await file!.write(lines);
        const failure = file!.error();
        if (failure !== null && told === null)
          tell("warn", "The log file fails; lines are kept in memory.", failure);
        if (failure === null && told !== null) tell("info", "The log file works again.", undefined);
        told = failure;
        return written;
      },
      close: () => file!.close(),
    };
  }

  function tell(level: LogLevel, message: string, cause: string | undefined): void {
    if (RANKS[level] >= threshold)
      screen.push(format(toLogEntry(level, message, { path: config.file?.path, cause })));
  }

  return {
    debug: (message, fields) => log("debug", message, fields),
    info: (message, fields) => log("info", message, fields),
    warn: (message, fields) => log("warn", message, fields),
    error: (message, fields) => log("error", message, fields),
    setLevel(level) {
      threshold = RANKS[level];
    },
    requestLine(trace) {
      if (!config.requests || RANKS[requestLevel(trace)] < threshold) return;
      finished.push(trace);
      if (finished.length >= MAX_FINISHED) writeFinished();
      else timer ??= setTimeout(writeFinished, GATHER_MS);
    },
    async flush() {
      writeFinished();
      await Promise.all([fileQueue?.flush(), screen.flush()]);
    },
    async close() {
      writeFinished();
      await fileQueue?.close();
      await screen.close();
    },
    status: () => ({
      dropped: screen.dropped() + (fileQueue?.dropped() ?? 0),
      losing: screen.losing() || (fileQueue?.losing() ?? false),
      fileError: file?.error() ?? null,
    }),
  };
}

function dropNotice(count: number): LogEntry {
  return toLogEntry("warn", "Log lines were dropped while they could not be written.", { dropped: count });
}
