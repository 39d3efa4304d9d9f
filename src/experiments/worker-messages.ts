import type { LogFields } from "../lib/logger.ts";
import type { RefusalKind } from "../lib/refusal.ts";
import type { ExperimentReport } from "./report.ts";
import type { PolicyEstimate, PolicyQuestion } from "./what-if.ts";

/** What the thread that leads experiments is told. The first message opens the storage. */
export type ToWorker =
  | { readonly kind: "open"; readonly storageUrl: string; readonly cwd: string }
  | { readonly kind: "lead"; readonly isWanted: boolean }
  | { readonly kind: "report"; readonly number: number; readonly id: string }
  | {
      readonly kind: "evaluate";
      readonly number: number;
      readonly id: string;
      readonly question: PolicyQuestion;
    }
  | { readonly kind: "close" };

/** What it answers. Questions are answered by their numbers. */
export type FromWorker =
  | {
      readonly kind: "log";
      readonly level: "debug" | "info" | "warn" | "error";
      readonly message: string;
      readonly fields: LogFields;
    }
  | {
      readonly kind: "answer";
      readonly number: number;
      readonly answer: ExperimentReport | readonly PolicyEstimate[];
    }
  | { readonly kind: "failure"; readonly number: number; readonly failure: Failure }
  | { readonly kind: "closed" };

/** An error as it goes from one thread to another. */
export interface Failure {
  readonly name: "Refusal" | "StorageError" | "Error";
  readonly refusal: RefusalKind | null;
  readonly message: string;
}
