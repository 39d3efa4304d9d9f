import type { Part } from "./parts.ts";
import type { Choice, GenerateResponse } from "./response.ts";
import type { PartStart, StreamEvent } from "./stream.ts";

/** The events that a whole answer is told in when a stream was asked for. Put together again, they give the answer. */
export function* eventsOf(response: GenerateResponse): Generator<StreamEvent> {
  const { id, model, createdAt, serviceTier, extensions } = response;
  yield {
    type: "start",
    id,
    model,
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
    ...(extensions === undefined ? {} : { extensions }),
  };
  for (const choice of response.choices) yield* eventsOfChoice(choice);
  if (response.usage !== undefined) yield { type: "usage", usage: response.usage };
  yield { type: "end" };
}

function* eventsOfChoice(choice: Choice): Generator<StreamEvent> {
  let { logprobs } = choice;
  for (const part of choice.parts) {
    // Log probabilities are of the words; they go with the first of them.
    yield* eventsOfPart(part, choice.index, part.kind === "text" ? logprobs : undefined);
    if (part.kind === "text") logprobs = undefined;
  }
  yield {
    type: "finish",
    choice: choice.index,
    reason: choice.finish,
    ...(choice.stopSequence === undefined ? {} : { stopSequence: choice.stopSequence }),
    ...(choice.extensions === undefined ? {} : { extensions: choice.extensions }),
  };
}

function* eventsOfPart(part: Part, choice: number, logprobs: Choice["logprobs"]): Generator<StreamEvent> {
  // An answer holds no tool results: they are the client's to give.
  if (part.kind === "tool-result") return;
  if (part.kind === "media" || part.kind === "native") {
    yield { type: "part", choice, part };
    return;
  }
  yield { type: "part-start", choice, part: startOf(part) };
  const text = part.kind === "tool-call" ? part.arguments : part.text;
  if (text !== "") yield { type: "delta", choice, text, ...(logprobs === undefined ? {} : { logprobs }) };
  if (part.kind === "text")
    for (const citation of part.citations ?? []) yield { type: "citation", choice, citation };
  if (part.kind !== "refusal" && part.seal !== undefined) yield { type: "seal", choice, seal: part.seal };
  yield { type: "part-end", choice };
}

/** The members of a part that are known when it begins. */
function startOf(part: Extract<Part, { kind: PartStart["kind"] }>): PartStart {
  switch (part.kind) {
    case "tool-call": {
      const { arguments: _arguments, seal: _seal, cache: _cache, ...start } = part;
      return start;
    }
    case "text": {
      const { text: _text, citations: _citations, seal: _seal, cache: _cache, ...start } = part;
      return start;
    }
    case "reasoning": {
      const { text: _text, seal: _seal, ...start } = part;
      return start;
    }
    case "refusal": {
      const { text: _text, ...start } = part;
      return start;
    }
  }
}
