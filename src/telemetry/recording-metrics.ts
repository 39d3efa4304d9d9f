import { counter, gauge, type MetricFamily } from "./metric-family.ts";

/** How the storing of one kind gets on; counted since the start. */
interface StoringStatus {
  readonly stored: number;
  readonly lost: number;
  /** In memory, neither stored nor in a file. */
  readonly waiting: number;
  /** Bytes that wait in files. */
  readonly waitingBytes: number;
}

/** How the recording of requests and the storing of feedback get on. */
export interface RecordingStatus {
  readonly records: StoringStatus & {
    /** Records whose bodies were left out for want of room. */
    readonly withoutBodies: number;
  };
  readonly feedback: StoringStatus & { readonly refused: number };
}

/** What tells whether all that is to be kept is kept. */
export function recordingFamilies({ records, feedback }: RecordingStatus): MetricFamily[] {
  const one = (value: number) => [{ value }];
  return [
    counter("amsterdam.records.stored", "{record}", "Requests recorded.", one(records.stored)),
    counter("amsterdam.records.lost", "{record}", "Requests whose record was lost.", one(records.lost)),
    counter(
      "amsterdam.records.without_bodies",
      "{record}",
      "Records whose bodies were left out because neither database nor files had room.",
      one(records.withoutBodies),
    ),
    gauge(
      "amsterdam.records.queue",
      "{record}",
      "Finished requests that wait in memory.",
      one(records.waiting),
    ),
    gauge(
      "amsterdam.records.waiting",
      "By",
      "Records in files that wait for the database.",
      one(records.waitingBytes),
    ),
    counter("amsterdam.feedback.stored", "{item}", "Feedback stored.", one(feedback.stored)),
    counter("amsterdam.feedback.lost", "{item}", "Feedback that was taken and lost.", one(feedback.lost)),
    counter("amsterdam.feedback.refused", "{item}", "Feedback refused with 503.", one(feedback.refused)),
    gauge("amsterdam.feedback.queue", "{item}", "Feedback that waits in memory.", one(feedback.waiting)),
    gauge(
      "amsterdam.feedback.waiting",
      "By",
      "Feedback in files that waits for the database.",
      one(feedback.waitingBytes),
    ),
  ];
}
