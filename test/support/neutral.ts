import fc from "fast-check";
import type {
  MediaPart,
  Part,
  ReasoningPart,
  Seal,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from "../../src/exchange/parts.ts";
import {
  EFFORTS,
  type FunctionTool,
  type GenerateRequest,
  type JsonSchema,
  type Message,
  type ToolChoice,
} from "../../src/exchange/request.ts";
import type { FinishReason, GenerateResponse } from "../../src/exchange/response.ts";
import { eventsOf } from "../../src/exchange/split.ts";
import type { StreamEvent } from "../../src/exchange/stream.ts";
import type { Usage } from "../../src/exchange/usage.ts";

/**
 * Arbitrary requests and answers in the normal form that every format can write and read back the same: one system text
 * in front, turns that alternate, one text in an assistant's message, its calls after it, all their results in one
 * message, arguments as `JSON.stringify` writes them, a limit of tokens always given, `streamUsage` true. What only some
 * formats have is switched on by name.
 */
export interface RequestFeatures {
  /** Every function says `strict`; otherwise none does. */
  readonly strict?: boolean;
  /** Tool results carry the tool's name. */
  readonly resultNames?: boolean;
  /** Tool results may be errors. */
  readonly resultErrors?: boolean;
  /** Speakers have names. */
  readonly names?: boolean;
  /** The instruction in front may be a developer's. */
  readonly developer?: boolean;
  readonly imageUrls?: boolean;
  readonly imageDetail?: boolean;
  readonly documents?: boolean;
  readonly audio?: boolean;
  readonly cacheMarks?: boolean;
  /** Assistants' messages begin with a thought that carries such a seal; null for thoughts without. */
  readonly thoughts?: Seal["origin"] | null;
  readonly allowedTools?: boolean;
  readonly customTools?: boolean;
  readonly parallel?: boolean;
  readonly stop?: boolean;
  readonly topK?: boolean;
  readonly seed?: boolean;
  readonly penalties?: boolean;
  readonly choices?: boolean;
  readonly logprobs?: boolean;
  readonly effort?: boolean;
  readonly jsonObject?: boolean;
  /** Output by JSON Schema, with a name, and `strict` where it is told. */
  readonly jsonSchema?: boolean;
  readonly metadata?: boolean;
  readonly userId?: boolean;
  readonly verbosity?: boolean;
  readonly store?: boolean;
  readonly promptCacheKey?: boolean;
}

export interface ResponseFeatures {
  /** The answer's id; empty unless given. */
  readonly id?: string;
  readonly createdAt?: number;
  /** Answers may begin with a thought that carries such a seal; null for thoughts without. */
  readonly thoughts?: Seal["origin"] | null;
  readonly summaries?: boolean;
  readonly refusals?: boolean;
  readonly citations?: boolean;
  /** More than one choice. */
  readonly choices?: boolean;
  readonly logprobs?: boolean;
  /** The counts that every usage has; `input`, `cachedInput` and `output` unless given. */
  readonly usage?: readonly (keyof Usage)[];
}

/** Text without lone surrogates, never empty; marks of SSE and JSON are frequent in it. */
export const words: fc.Arbitrary<string> = fc.string({
  minLength: 1,
  maxLength: 12,
  unit: fc.oneof(
    { weight: 3, arbitrary: fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }) },
    { weight: 1, arbitrary: fc.constantFrom("\n", "\r\n", "data: ", '"', "\\", "{", "</", "\u2028", "🙂") },
  ),
});

/** A name that every API takes for a tool or a person. */
const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,11}$/).filter((text) => !(text in {}));
const base64 = fc
  .uint8Array({ minLength: 1, maxLength: 24 })
  .map((bytes) => Buffer.from(bytes).toString("base64"));
const seal = (origin: Seal["origin"]): fc.Arbitrary<Seal> => base64.map((value) => ({ origin, value }));

/** JSON text of an object, written as `JSON.stringify` does. */
export const argumentsText: fc.Arbitrary<string> = fc
  .dictionary(name, fc.jsonValue({ maxDepth: 2, stringUnit: "grapheme" }), { maxKeys: 3 })
  .map((value) => JSON.stringify(JSON.parse(JSON.stringify(value))));

const schema: fc.Arbitrary<JsonSchema> = fc
  .uniqueArray(name, { minLength: 0, maxLength: 3 })
  .chain((keys) =>
    fc.record({
      properties: fc.tuple(
        ...keys.map((key) =>
          fc
            .record({ type: fc.constantFrom("string", "number", "boolean"), description: words })
            .map((value) => [key, value] as const),
        ),
      ),
      required: fc.subarray(keys),
    }),
  )
  .map(({ properties, required }) => ({
    type: "object",
    properties: Object.fromEntries(properties),
    required,
    additionalProperties: false,
  }));

const when = <T>(on: unknown, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  on ? fc.option(arbitrary, { nil: null }) : fc.constant(null);

const text: fc.Arbitrary<TextPart> = words.map((value) => ({ kind: "text", text: value }));

function image(features: RequestFeatures): fc.Arbitrary<MediaPart> {
  const inline = fc.tuple(base64, fc.constantFrom("image/png", "image/jpeg")).map(
    ([data, mimeType]): MediaPart => ({
      kind: "media",
      media: "image",
      mimeType,
      source: { kind: "base64", data },
    }),
  );
  const linked = name.map(
    (path): MediaPart => ({
      kind: "media",
      media: "image",
      source: { kind: "url", url: `https://example.com/${path}.png` },
    }),
  );
  return fc
    .tuple(
      features.imageUrls ? fc.oneof(inline, linked) : inline,
      when(features.imageDetail, fc.constantFrom("low", "high", "auto")),
    )
    .map(([part, detail]) => (detail === null ? part : { ...part, detail }));
}

const document: fc.Arbitrary<MediaPart> = fc.tuple(base64, name).map(([data, file]) => ({
  kind: "media",
  media: "document",
  mimeType: "application/pdf",
  source: { kind: "base64", data },
  name: `${file}.pdf`,
}));

const audio: fc.Arbitrary<MediaPart> = fc
  .tuple(base64, fc.constantFrom("audio/wav", "audio/mpeg"))
  .map(([data, mimeType]) => ({ kind: "media", media: "audio", mimeType, source: { kind: "base64", data } }));

function userMessage(features: RequestFeatures): fc.Arbitrary<Message> {
  const part = fc
    .oneof(
      { weight: 4, arbitrary: text },
      { weight: 1, arbitrary: image(features) },
      ...(features.documents ? [{ weight: 1, arbitrary: document }] : []),
      ...(features.audio ? [{ weight: 1, arbitrary: audio }] : []),
    )
    .chain((made) =>
      when(features.cacheMarks, fc.constant({})).map((cache) => (cache === null ? made : { ...made, cache })),
    );
  return fc
    .tuple(fc.array(part, { minLength: 1, maxLength: 3 }), when(features.names, name))
    .map(([parts, speaker]) => ({ role: "user", parts, ...(speaker === null ? {} : { name: speaker }) }));
}

/** A thought; sealed where `origin` is a format. */
function thought(origin: Seal["origin"] | null, summary = false): fc.Arbitrary<ReasoningPart> {
  const made = words.map(
    (value): ReasoningPart => ({
      kind: "reasoning",
      text: value,
      ...(summary ? { summary } : {}),
    }),
  );
  return origin === null
    ? made
    : fc.tuple(made, seal(origin)).map(([part, sealed]) => ({ ...part, seal: sealed }));
}

const thoughts = (origin: Seal["origin"] | null | undefined, summary?: boolean) =>
  origin === undefined ? fc.constant([]) : fc.array(thought(origin, summary), { maxLength: 1 });

function calls(names: readonly string[], minLength: number): fc.Arbitrary<ToolCallPart[]> {
  if (names.length === 0) return fc.constant([]);
  const call = fc
    .record({ name: fc.constantFrom(...names), arguments: argumentsText })
    .map((made): ToolCallPart => ({ kind: "tool-call", id: "", ...made }));
  return fc.array(call, { minLength, maxLength: 3 });
}

/** An assistant's turn and what answers it: a user's, or the results of all its calls. */
function turn(names: readonly string[], features: RequestFeatures): fc.Arbitrary<Message[]> {
  const spoken = fc
    .tuple(thoughts(features.thoughts), text, userMessage(features))
    .map(([before, part, next]): Message[] => [{ role: "assistant", parts: [...before, part] }, next]);
  if (names.length === 0) return spoken;
  const outcome = fc.tuple(words, when(features.resultErrors, fc.constant(true)));
  const called = fc
    .tuple(
      thoughts(features.thoughts),
      fc.array(text, { maxLength: 1 }),
      calls(names, 1).chain((made) =>
        fc.tuple(fc.constant(made), fc.array(outcome, { minLength: made.length, maxLength: made.length })),
      ),
    )
    .map(([before, said, [made, outcomes]]): Message[] => [
      { role: "assistant", parts: [...before, ...said, ...made] },
      {
        role: "tool",
        parts: made.map((call, index): ToolResultPart => {
          const [result, isError] = outcomes[index]!;
          return {
            kind: "tool-result",
            callId: "",
            ...(features.resultNames ? { name: call.name } : {}),
            parts: [{ kind: "text", text: result }],
            ...(isError === null ? {} : { isError }),
          };
        }),
      },
    ]);
  return fc.oneof(spoken, called);
}

/** Numbers the calls through, and the results after them. */
function numbered(messages: readonly Message[]): Message[] {
  let next = 0;
  let results = 0;
  return messages.map((message) => ({
    ...message,
    parts: message.parts.map((part): Part => {
      if (part.kind === "tool-call") return { ...part, id: `call_${next++}` };
      if (part.kind === "tool-result") return { ...part, callId: `call_${results++}` };
      return part;
    }),
  }));
}

function functions(features: RequestFeatures): fc.Arbitrary<FunctionTool[]> {
  return fc.uniqueArray(name, { maxLength: 3 }).chain((names) =>
    fc.tuple(
      ...names.map((tool) =>
        fc.record({ description: words, parameters: schema, strict: fc.boolean() }).map(
          ({ description, parameters, strict }): FunctionTool => ({
            kind: "function",
            name: tool,
            description,
            parameters,
            ...(features.strict ? { strict } : {}),
          }),
        ),
      ),
    ),
  );
}

function toolChoice(names: readonly string[], features: RequestFeatures): fc.Arbitrary<ToolChoice> {
  const modes: fc.Arbitrary<ToolChoice>[] = [
    fc.record({ mode: fc.constantFrom("auto", "none", "required") }),
    fc.record({ mode: fc.constant("tool" as const), name: fc.constantFrom(...names) }),
  ];
  if (features.allowedTools) {
    modes.push(
      fc.record({
        mode: fc.constantFrom("auto", "required"),
        allowed: fc.subarray([...names], { minLength: 1 }),
      }),
    );
  }
  return fc.oneof(...modes);
}

/** Members that may be there or not, apart from messages and tools. */
function settings(features: RequestFeatures): fc.Arbitrary<Partial<GenerateRequest>> {
  const quarter = fc.integer({ min: 0, max: 4 }).map((value) => value / 4);
  const top = fc.integer({ min: 1, max: 5 });
  const members = {
    temperature: quarter,
    topP: quarter,
    ...(features.stop ? { stop: fc.uniqueArray(words, { minLength: 1, maxLength: 3 }) } : {}),
    ...(features.topK ? { topK: fc.integer({ min: 1, max: 100 }) } : {}),
    ...(features.seed ? { seed: fc.integer({ min: 0, max: 1000 }) } : {}),
    ...(features.penalties ? { frequencyPenalty: quarter, presencePenalty: quarter } : {}),
    ...(features.choices ? { choices: fc.integer({ min: 2, max: 4 }) } : {}),
    ...(features.logprobs ? { logprobs: fc.record({ top }, { requiredKeys: [] }) } : {}),
    ...(features.effort ? { reasoning: fc.record({ effort: fc.constantFrom(...EFFORTS) }) } : {}),
    ...(features.jsonObject || features.jsonSchema ? { output: output(features) } : {}),
    ...(features.metadata ? { metadata: fc.dictionary(name, words, { minKeys: 1, maxKeys: 3 }) } : {}),
    ...(features.userId ? { userId: name } : {}),
    ...(features.verbosity ? { verbosity: fc.constantFrom("low", "medium", "high") } : {}),
    ...(features.store ? { store: fc.boolean() } : {}),
    ...(features.promptCacheKey ? { promptCacheKey: name } : {}),
  };
  return fc.record<Record<string, unknown>>(members, { requiredKeys: [] });
}

function output(features: RequestFeatures): fc.Arbitrary<NonNullable<GenerateRequest["output"]>> {
  const object = fc.constant({ kind: "json-object" as const });
  const bySchema = fc
    .record({ name, schema, strict: fc.boolean() })
    .map((made) => ({ kind: "json-schema" as const, ...made }));
  if (!features.jsonSchema) return object;
  return features.jsonObject ? fc.oneof(object, bySchema) : bySchema;
}

/** Requests in the normal form, with what `features` switches on. */
export function requests(features: RequestFeatures = {}): fc.Arbitrary<GenerateRequest> {
  return functions(features).chain((tools) => {
    const names = tools.map((tool) => tool.name);
    return fc
      .tuple(
        when(true, fc.tuple(fc.constantFrom("system", ...(features.developer ? ["developer"] : [])), text)),
        userMessage(features),
        fc.array(turn(names, features), { maxLength: 3 }),
        names.length === 0 ? fc.constant(null) : when(true, toolChoice(names, features)),
        when(features.parallel && names.length > 0, fc.boolean()),
        when(features.customTools, fc.record({ name: fc.constant("free_form"), description: words })),
        fc.boolean(),
        fc.integer({ min: 4096, max: 8192 }),
        settings(features),
      )
      .map(([front, first, turns, choice, parallel, custom, stream, maxOutputTokens, rest]) => ({
        model: "model-1",
        stream,
        streamUsage: true,
        messages: numbered([
          ...(front === null ? [] : [{ role: front[0] as "system" | "developer", parts: [front[1]] }]),
          first,
          ...turns.flat(),
        ]),
        tools: custom === null ? tools : [...tools, { kind: "custom" as const, ...custom }],
        maxOutputTokens,
        ...(choice === null ? {} : { toolChoice: choice }),
        ...(parallel === null ? {} : { parallelToolCalls: parallel }),
        ...rest,
      }));
  });
}

function usage(counts: readonly (keyof Usage)[]): fc.Arbitrary<Usage> {
  // Parts of the input together stay below the whole of it, and so do those of the output.
  const small = fc.integer({ min: 0, max: 99 });
  const large = fc.integer({ min: 300, max: 9999 });
  return fc.record(
    Object.fromEntries(counts.map((key) => [key, key === "input" || key === "output" ? large : small])),
  ) as fc.Arbitrary<Usage>;
}

function answerText(features: ResponseFeatures): fc.Arbitrary<Part> {
  const plain = features.citations
    ? fc.tuple(text, fc.array(fc.tuple(name, words), { maxLength: 2 })).map(
        ([part, sources]): TextPart => ({
          ...part,
          ...(sources.length === 0
            ? {}
            : {
                citations: sources.map(([path, title]) => ({
                  url: `https://example.com/${path}`,
                  title,
                  start: 0,
                  end: part.text.length,
                })),
              }),
        }),
      )
    : text;
  if (!features.refusals) return plain;
  return fc.oneof<fc.Arbitrary<Part>[]>(
    plain,
    words.map((value) => ({ kind: "refusal", text: value })),
  );
}

const logprob = fc.record({
  token: words,
  logprob: fc.integer({ min: -9, max: 0 }),
  bytes: fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 4 }),
});

function choice(features: ResponseFeatures) {
  return fc
    .tuple(
      thoughts(features.thoughts, features.summaries),
      fc.array(answerText(features), { maxLength: 1 }),
      calls(["look_up", "write_file"], 0),
      fc.constantFrom<FinishReason[]>("stop", "length"),
      when(features.logprobs, fc.array(logprob, { minLength: 1, maxLength: 3 })),
    )
    .filter(([, said, made]) => said.length + made.length > 0)
    .map(([before, said, made, ended, logprobs]) => ({
      parts: [...before, ...said, ...made.map((call, index) => ({ ...call, id: `call_${index}` }))],
      finish: made.length > 0 ? ("tool-calls" as const) : ended,
      ...(logprobs === null || said[0]?.kind !== "text" ? {} : { logprobs }),
    }));
}

/** Answers in the normal form, with what `features` switches on. */
export function responses(features: ResponseFeatures = {}): fc.Arbitrary<GenerateResponse> {
  return fc
    .tuple(
      fc.array(choice(features), { minLength: 1, maxLength: features.choices ? 3 : 1 }),
      usage(features.usage ?? ["input", "cachedInput", "output"]),
    )
    .map(([choices, counted]) => ({
      id: features.id ?? "",
      model: "model-1",
      ...(features.createdAt === undefined ? {} : { createdAt: features.createdAt }),
      choices: choices.map((made, index) => ({ index, ...made })),
      usage: counted,
    }));
}

/** The events that tell `response`, with its texts cut into pieces somehow; no piece is empty or half a character. */
export function streams(response: GenerateResponse): fc.Arbitrary<StreamEvent[]> {
  return fc.infiniteStream(fc.integer({ min: 1, max: 5 })).map((lengths) => {
    const events: StreamEvent[] = [];
    for (const event of eventsOf(response)) {
      if (event.type !== "delta") {
        events.push(event);
        continue;
      }
      const characters = [...event.text];
      let { logprobs } = event;
      while (characters.length > 0) {
        const piece = characters.splice(0, lengths.next().value).join("");
        events.push({
          type: "delta",
          choice: event.choice,
          text: piece,
          ...(logprobs === undefined ? {} : { logprobs }),
        });
        logprobs = undefined;
      }
    }
    return events;
  });
}
