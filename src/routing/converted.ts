import { type CountAsk, convertCount } from "../conversion/count.ts";
import { convertEmbeddings } from "../conversion/embeddings.ts";
import { convertGenerate, type GenerateAsk } from "../conversion/generate.ts";
import type { SealStash } from "../conversion/seals.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { Format, Operation } from "../exchange/formats.ts";
import type { Call } from "../formats/call.ts";
import { CODECS, clientCodecOf } from "../formats/codecs.ts";
import { rewriteBody } from "../formats/request-fields.ts";
import { estimateRequestTokens } from "../tokens/estimate.ts";
import type { AnswerConverter } from "../upstream/target.ts";
import { mayHoldSeals } from "./foreign-seals.ts";
import type { RequestFacts } from "./request-facts.ts";

/** A call whose format is known, so that it can be converted. */
export type FormatCall = Call & { readonly format: Format };

export function isFormatCall(call: Call): call is FormatCall {
  return call.format !== null;
}

/** Where a call goes in another format. */
export interface ConvertedCall {
  readonly format: Format;
  readonly provider: string;
  readonly model: string;
  /** Whether another provider has served the conversation until now. */
  readonly isNewcomer?: boolean;
}

/** What is sent instead of the client's own call. */
export interface Converted {
  /** The path below a provider's base URL, with its query. */
  readonly path: string;
  readonly body: Buffer;
  readonly converter: AnswerConverter;
}

/** A client's call that is read once, however many targets it is converted for. */
export class ConvertibleCall {
  readonly #call: FormatCall;
  readonly #facts: RequestFacts;
  readonly #stash: SealStash;
  #body: { readonly value: unknown } | null = null;
  #generate: GenerateAsk | null = null;
  #mayHoldSeals: boolean | undefined;

  constructor(call: FormatCall, facts: RequestFacts, stash: SealStash) {
    this.#call = call;
    this.#facts = facts;
    this.#stash = stash;
  }

  /** Whether it may hold what was sealed by whoever has served its conversation. */
  get mayHoldSeals(): boolean {
    this.#mayHoldSeals ??= mayHoldSeals(this.#facts, this.#call.format);
    return this.#mayHoldSeals;
  }

  /** Throws a GatewayError: malformed_body, invalid_request or conversion_refused. */
  convert(to: ConvertedCall): Converted {
    try {
      return this.#convert(to);
    } catch (error) {
      // The stack ends before the memory does: nobody nests so deeply but to do harm.
      if (error instanceof RangeError)
        throw new GatewayError("invalid_request", "The request is nested too deeply to be converted.", {
          cause: error,
        });
      throw error;
    }
  }

  #convert(to: ConvertedCall): Converted {
    switch (this.#call.operation) {
      case "embeddings":
        return this.#embeddings(to);
      case "count-tokens":
        return this.#count(to);
      default: {
        this.#generate ??= this.#readGenerate();
        const { body, converter } = convertGenerate(this.#generate, to, this.#stash);
        return { path: generatePath(to, this.#generate.request.stream), body, converter };
      }
    }
  }

  #readGenerate(): GenerateAsk {
    const call = this.#call;
    const client = clientCodecOf(call);
    const stream = call.method === "streamGenerateContent" || this.#facts.fields?.stream === true;
    return {
      request: client.readRequest(this.#value(), { model: call.pathModel, stream }),
      client,
      owner: this.#facts.owner,
      strict: this.#facts.strict,
      asArray: call.method === "streamGenerateContent" && !this.#facts.search.includes("alt=sse"),
    };
  }

  #embeddings(to: ConvertedCall): Converted {
    const { format, pathModel, method } = this.#call;
    const client = CODECS[format].embeddings;
    if (client === null) throw noSuchCall();
    const request = client.readRequest(this.#value(), { model: pathModel, method });
    const ask = { request, client, method, strict: this.#facts.strict };
    const { body, converter, method: targetMethod } = convertEmbeddings(ask, to);
    return {
      path: targetMethod === null ? "embeddings" : geminiPath(to.model, targetMethod),
      body,
      converter,
    };
  }

  #count(to: ConvertedCall): Converted {
    const { body, converter } = convertCount(this.#readCount(), to);
    return { path: COUNT_PATHS[to.format]?.(to.model) ?? "", body, converter };
  }

  /** The answer to a client that asks how many tokens its request has, by an estimate. Throws as `convert`. */
  async countHere(): Promise<object> {
    const { request, client } = this.#readCount();
    return client.writeResponse(await estimateRequestTokens(request));
  }

  #readCount(): CountAsk {
    const { format, pathModel } = this.#call;
    const client = CODECS[format].count;
    if (client === null) throw noSuchCall();
    return { request: client.readRequest(this.#value(), { model: pathModel, stream: false }), client };
  }

  /** The parsed body without the gateway's own fields. */
  #value(): unknown {
    if (this.#body !== null) return this.#body.value;
    const { body, fields } = this.#facts;
    if (!Buffer.isBuffer(body) || fields === null)
      throw new GatewayError("malformed_body", "The request body is not a JSON object.");
    try {
      this.#body = { value: JSON.parse(rewriteBody(body, fields, null).toBytes().toString("utf8")) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new GatewayError(
        "malformed_body",
        `The request body is not valid JSON: ${reason.slice(0, 200)}.`,
      );
    }
    return this.#body.value;
  }
}

function noSuchCall(): GatewayError {
  return new GatewayError("conversion_refused", "This call cannot be converted for its target.");
}

/** Path of a format's generate call below a base URL, with its query. */
export function generatePath(
  to: { readonly format: Format; readonly model: string },
  stream: boolean,
): string {
  switch (to.format) {
    case "openai-chat":
      return "chat/completions";
    case "openai-responses":
      return "responses";
    case "anthropic-messages":
      return "messages";
    case "gemini":
      return stream
        ? `${geminiPath(to.model, "streamGenerateContent")}?alt=sse`
        : geminiPath(to.model, "generateContent");
  }
}

export function geminiPath(model: string, method: string): string {
  return `models/${encodeURIComponent(model.toWellFormed())}:${method}`;
}

const COUNT_PATHS: Partial<Record<Format, (model: string) => string>> = {
  "openai-responses": () => "responses/input_tokens",
  "anthropic-messages": () => "messages/count_tokens",
  gemini: (model) => geminiPath(model, "countTokens"),
};

/** Path of a client's own call below a provider's base URL, where the provider speaks its format. */
export function nativePath(call: FormatCall, model: string): string {
  if (call.format === "gemini") return geminiPath(model, call.method ?? "generateContent");
  return NATIVE_PATHS[call.operation]?.[call.format] ?? generatePath({ format: call.format, model }, false);
}

const NATIVE_PATHS: Partial<Record<Operation, Partial<Record<Format, string>>>> = {
  embeddings: { "openai-chat": "embeddings" },
  completions: { "openai-chat": "completions" },
  "count-tokens": {
    "anthropic-messages": "messages/count_tokens",
    "openai-responses": "responses/input_tokens",
  },
};
