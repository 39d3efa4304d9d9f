import { breaches, ofProtocol } from "../support/protocol.ts";
import { startReplayTargets } from "../support/replay-targets.ts";
import { type Mutation, REPLAY_HEADER, replayHeader } from "../support/replay-upstream.ts";
import { type Difference, differences } from "./compare.ts";
import { type Exception, exceptionOf } from "./exceptions.ts";
import { FORMATS, type Format } from "./formats.ts";
import { type Ask, type Reading, read } from "./reading.ts";
import type { Recording } from "./recordings.ts";

/** How a recording is replayed. Comments and line ends exist in streams only. */
const MUTATIONS: readonly { readonly name: string; readonly mutation: Mutation; readonly streams?: true }[] =
  [
    { name: "whole", mutation: {} },
    { name: "in single bytes", mutation: { pieces: 1 } },
    { name: "with CRLF", mutation: { crlf: true }, streams: true },
    { name: "with comments between events", mutation: { pings: true }, streams: true },
  ];

/** Requests at a time: enough to keep two processes busy. */
const WORKERS = 8;
/** Bound of one reading, in milliseconds: a stream that never ends is a finding, not a wait. */
const LIMIT = 20_000;

/** A difference, and what it is put down to; null for a fault. */
export interface Finding {
  readonly difference: Difference;
  readonly mutation: string;
  readonly exception: Exception | null;
}

/** What became of one recorded exchange for clients of one format, over all mutations. */
export interface Outcome {
  readonly client: Format;
  readonly recording: Recording;
  readonly findings: readonly Finding[];
}

export interface MeasureOptions {
  readonly recordings: readonly Recording[];
  readonly clients?: readonly Format[];
  readonly targets?: readonly Format[];
}

/** Sends every recording through a gateway to clients of every format. Traffic stays on loopback. */
export async function measure(options: MeasureOptions): Promise<Outcome[]> {
  const { recordings, clients = FORMATS, targets = FORMATS } = options;
  const { gateway, stop } = await startReplayTargets(recordings);
  try {
    const tasks = recordings
      .filter(({ format }) => targets.includes(format))
      .flatMap((recording) => clients.map((client) => ({ client, recording })));
    return await inTurns(tasks, async ({ client, recording }) => {
      const findings = await compareOne(client, recording, { base: gateway.url, apiKey: gateway.key });
      return { client, recording, findings };
    });
  } finally {
    await stop();
  }
}

async function inTurns<T, R>(tasks: readonly T[], run: (task: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(tasks.length);
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < tasks.length; index = next++) results[index] = await run(tasks[index]!);
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
  return results;
}

type Place = Pick<Ask, "base" | "apiKey">;

async function compareOne(client: Format, recording: Recording, gateway: Place): Promise<Finding[]> {
  const findings: Finding[] = [];
  // Only these two formats can ask for several answers.
  const several = client === "openai-chat" || client === "gemini" ? recording.choices : 1;
  for (let choice = 0; choice < several; choice++) {
    const expected = await readDirectly(recording, choice);
    for (const { name, mutation, streams } of MUTATIONS) {
      if (streams && !recording.stream) continue;
      const passed = await readThrough(client, recording, gateway, { expected, several, choice, mutation });
      const actual = passed.reading;
      for (const difference of differences(expected, actual, passed.breaches)) {
        const exception = exceptionOf({ client, recording, expected, actual, difference });
        findings.push({ difference, mutation: name, exception });
      }
    }
  }
  return findings;
}

/** What the recording's own format's reader understands of it, with no gateway between. */
function readDirectly(recording: Recording, choice: number): Promise<Reading> {
  const { format, status, content_type, body, stream, model, choices } = recording;
  const headers = { "content-type": content_type };
  return read({
    format,
    stream,
    model,
    choices,
    choice,
    base: "http://127.0.0.1",
    apiKey: "none",
    tools: [],
    headers: {},
    fetch: async () => new Response(body, { status, statusText: "Recorded", headers }),
  });
}

interface Passage {
  readonly expected: Reading;
  readonly several: number;
  readonly choice: number;
  readonly mutation: Mutation;
}

interface Passed {
  readonly reading: Reading;
  /** What the answer breaks of its format's protocol. */
  readonly breaches: readonly string[];
}

async function readThrough(
  client: Format,
  recording: Recording,
  gateway: Place,
  passage: Passage,
): Promise<Passed> {
  const { stream } = recording;
  let text = "";
  let isAnswer = false;
  const reading = await read({
    ...gateway,
    format: client,
    stream,
    model: `${recording.format}/${recording.model}`,
    choices: passage.several,
    choice: passage.choice,
    tools: [...new Set(passage.expected.calls.map(({ name }) => name))],
    headers: { [REPLAY_HEADER]: replayHeader(recording.id, passage.mutation) },
    async fetch(url, init) {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(LIMIT) });
      text = await response.text();
      isAnswer = response.ok;
      return new Response(text, response);
    },
  });
  // Where nothing is converted the answer is the provider's own, with its liberties.
  const isChecked = isAnswer && client !== recording.format;
  const answer = { text, stream, error: reading.error !== null, includeUsage: true };
  return { reading, breaches: isChecked ? ofProtocol(breaches(client, answer)) : [] };
}
