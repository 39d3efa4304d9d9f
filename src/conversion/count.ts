import { GatewayError } from "../exchange/errors.ts";
import { Losses } from "../exchange/losses.ts";
import type { GenerateRequest } from "../exchange/request.ts";
import type { CountCodec } from "../formats/codec.ts";
import { CODECS } from "../formats/codecs.ts";
import type { AnswerConverter } from "../upstream/target.ts";
import { parsed } from "./answer.ts";
import { WholeAnswer } from "./embeddings.ts";
import type { ConversionTarget } from "./generate.ts";
import { withoutForeignSeals } from "./seals.ts";
import { ToolAdapter } from "./tools.ts";

/** A client's question how many tokens a request has. */
export interface CountAsk {
  readonly request: GenerateRequest;
  readonly client: CountCodec;
}

/** The body for a target of another format that counts, and what turns its answer back. Throws as `convertGenerate`. */
export function convertCount(
  ask: CountAsk,
  to: ConversionTarget,
): { readonly body: Buffer; readonly converter: AnswerConverter } {
  const { generate, count } = CODECS[to.format];
  if (count === null) throw new GatewayError("conversion_refused", "The target's API does not count tokens.");
  // What a count loses is lost again, and told, when the request itself is sent.
  const losses = new Losses();
  const tools = new ToolAdapter(ask.request, to.format, to.provider);
  const request = tools.request(withoutForeignSeals(ask.request, to.format));
  const body = count.writeRequest(request, { model: to.model, provider: to.provider, losses });
  const answer = (bytes: Uint8Array) => {
    const input = count.readResponse(parsed(bytes));
    return { body: ask.client.writeResponse(input), model: "", usage: { input } };
  };
  return { body: Buffer.from(JSON.stringify(body)), converter: new WholeAnswer(generate, losses, answer) };
}
