import type { Format } from "../exchange/formats.ts";
import { Losses } from "../exchange/losses.ts";
import type { GenerateRequest } from "../exchange/request.ts";
import type { ClientCodec } from "../formats/codec.ts";
import { CODECS } from "../formats/codecs.ts";
import type { AnswerConverter } from "../upstream/target.ts";
import { GenerateAnswer } from "./answer.ts";
import { tellForeignMembers } from "./foreign-members.ts";
import { newId } from "./ids.ts";
import { withoutRepeatedResults } from "./repeated-results.ts";
import { type SealStash, withoutForeignSeals, withoutSeals } from "./seals.ts";
import { ToolAdapter } from "./tools.ts";

/** A client's request as it was read, which any number of targets may be asked. */
export interface GenerateAsk {
  readonly request: GenerateRequest;
  readonly client: ClientCodec;
  /** The gateway key that asks. */
  readonly owner: string;
  readonly strict: boolean;
  /** Whether the client takes a stream as one JSON array. */
  readonly asArray: boolean;
}

/** Where a converted request goes. */
export interface ConversionTarget {
  readonly format: Format;
  readonly provider: string;
  /** The model's name there. */
  readonly model: string;
  /** Whether another provider has sealed what the request has of its answers. */
  readonly isNewcomer?: boolean;
}

/**
 * The body for a target of another format, and what turns its answer back. Throws a GatewayError: conversion_refused
 * where the target's API cannot say what is asked for, invalid_request where no API could take it.
 */
export function convertGenerate(
  ask: GenerateAsk,
  to: ConversionTarget,
  stash: SealStash,
): { readonly body: Buffer; readonly converter: AnswerConverter } {
  const { request, client, owner, strict, asArray } = ask;
  const target = CODECS[to.format].generate;
  const losses = new Losses(strict);
  tellForeignMembers(request, to.format, losses);
  const tools = new ToolAdapter(request, to.format, to.provider);
  const answered = withoutRepeatedResults(request);
  const sealed =
    to.isNewcomer === true
      ? withoutSeals(answered)
      : withoutForeignSeals(stash.restore(owner, answered, to.format), to.format);
  const body = target.writeRequest(tools.request(sealed), { model: to.model, provider: to.provider, losses });
  const context = { request, model: request.model, losses, newId, now: () => Math.floor(Date.now() / 1000) };
  const converter = new GenerateAnswer({ client, target, context, tools, stash, owner, asArray });
  return { body: Buffer.from(JSON.stringify(body)), converter };
}
