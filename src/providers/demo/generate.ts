import { behaviourOf } from "./behaviours.ts";
import { parseBody } from "./body.ts";
import { answerHeaders, type Call, jsonResponse, misbehave, onPurpose } from "./call.ts";
import { cutFrames, streamFrames } from "./deliver.ts";
import type { DemoFormat } from "./format.ts";
import { seedOf } from "./ids.ts";
import type { JsonObject } from "./json.ts";
import { type Answered, planAnswers } from "./plan.ts";
import { recall } from "./recall.ts";

/** A model's name and the wish to stream where the path tells them; otherwise both stand in the body. */
export interface PathWish {
  readonly model: string;
  readonly stream: boolean;
}

/** Answers a request for text in one format. @throws DemoError for a wrong body or a model that fails. */
export async function generate(format: DemoFormat, call: Call, wish?: PathWish): Promise<Response> {
  const body = parseBody(call.body);
  const ask = format.read(body, { pathModel: wish?.model, cache: call.state.cache });
  const behaviour = behaviourOf(ask.model);
  const streams = wish?.stream ?? body.stream === true;
  const instead = await misbehave(call, ask.model, behaviour, format.shape, streams);
  if (instead) return instead;
  const seed = answerSeed(format, ask.model, body);
  const past = behaviour.script === "remembers" && format.past ? recall(format.past, body) : undefined;
  const plan = planAnswers(ask, behaviour, seed, past);
  const answered: Answered = { ask, plan, seed, body };
  if (!streams) return jsonResponse(call, format.shape, format.whole(answered));
  const frames = format.stream(answered);
  return new Response(
    streamFrames(faultyFrames(format, answered, frames, behaviour.fault), {
      pace: behaviour.pace,
      end: behaviour.fault === "breaks" ? "reset" : "close",
    }),
    {
      headers: {
        ...answerHeaders(call, format.shape),
        "content-type": format.streamType,
        "cache-control": "no-cache",
      },
    },
  );
}

/** The same for a request and for the one that differs only in being streamed, so that the answers' ids agree. */
function answerSeed(format: DemoFormat, model: string, body: JsonObject): bigint {
  const { stream: _stream, stream_options: _options, ...rest } = body;
  return seedOf(`${format.shape} ${model}`, JSON.stringify(rest));
}

function faultyFrames(
  format: DemoFormat,
  answered: Answered,
  frames: ReturnType<DemoFormat["stream"]>,
  fault: ReturnType<typeof behaviourOf>["fault"],
): ReturnType<DemoFormat["stream"]> {
  if (fault === "breaks") return cutFrames(frames);
  if (fault !== "errors-mid-stream") return frames;
  const sent = cutFrames(frames);
  return [...sent, format.failure(answered, onPurpose(answered.ask.model, 500), sent.length)];
}
