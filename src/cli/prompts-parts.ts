import { type PromptCatalogue, promptCatalogue } from "../prompts/catalogue.ts";
import { type CommandError, type StoredIo, usage, withStorage } from "./stored.ts";

/** What the commands on prompts need from around them. */
export interface PromptsIo extends StoredIo {
  /** What comes in on standard input, whole; absent, it is the process's own. */
  readonly stdin?: () => Promise<Uint8Array>;
}

export interface PromptsOptions {
  readonly version?: string;
  readonly from?: string;
  readonly text?: string;
  readonly file?: string;
  readonly model?: string;
  readonly as?: string;
  readonly variables?: string;
  readonly all?: boolean;
  readonly "dry-run"?: boolean;
  readonly json?: boolean;
}

export function wrong(message: string): CommandError {
  return usage("prompts", message);
}

export function asJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

export function withCatalogue<T>(io: PromptsIo, work: (prompts: PromptCatalogue) => Promise<T>): Promise<T> {
  return withStorage(io, "prompts", (storage) => work(promptCatalogue(storage)));
}
