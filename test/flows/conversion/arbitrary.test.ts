import { expect, test } from "bun:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/exchange/errors.ts";
import type { Format } from "../../../src/exchange/formats.ts";
import { Losses } from "../../../src/exchange/losses.ts";
import type { GenerateRequest } from "../../../src/exchange/request.ts";
import { CODECS } from "../../../src/formats/codecs.ts";
import { MESSAGES } from "../../../src/providers/demo/anthropic/format.ts";
import { CHAT } from "../../../src/providers/demo/chat/format.ts";
import type { DemoFormat } from "../../../src/providers/demo/format.ts";
import { GEMINI_SSE } from "../../../src/providers/demo/gemini/format.ts";
import { PromptCache } from "../../../src/providers/demo/prompt-cache.ts";
import { RESPONSES } from "../../../src/providers/demo/responses/format.ts";
import { requests } from "../../support/neutral.ts";

/** The demo provider reads requests as the real ones do, and refuses what they refuse. */
const PROVIDERS: Readonly<Record<Format, DemoFormat>> = {
  "openai-chat": CHAT,
  "openai-responses": RESPONSES,
  "anthropic-messages": MESSAGES,
  gemini: GEMINI_SSE,
};
/** What the formats' inventors are called. */
const OWNERS: Readonly<Record<Format, string>> = {
  "openai-chat": "openai",
  "openai-responses": "openai",
  "anthropic-messages": "anthropic",
  gemini: "gemini",
};

/** A model of each that is particular: one that checks signatures, one that must find its thoughts again. */
const MODELS: Readonly<Record<Format, string>> = {
  "openai-chat": "gpt-5",
  "openai-responses": "gpt-5",
  "anthropic-messages": "claude-sonnet-4-5",
  gemini: "gemini-3-pro-preview",
};

const request = requests({
  strict: true,
  names: true,
  developer: true,
  imageUrls: true,
  documents: true,
  cacheMarks: true,
  resultErrors: true,
  parallel: true,
  stop: true,
  topK: true,
  seed: true,
  penalties: true,
  effort: true,
  jsonObject: true,
  jsonSchema: true,
  metadata: true,
  userId: true,
});

/** The body that a target is sent; null where it is refused with a reason. */
function written(target: Format, asked: GenerateRequest, provider: string): Record<string, unknown> | null {
  try {
    const context = { model: MODELS[target], provider, losses: new Losses() };
    return CODECS[target].generate.writeRequest(asked, context) as Record<string, unknown>;
  } catch (error) {
    const isRefusal = error instanceof GatewayError && error.code === "conversion_refused";
    if (!isRefusal) throw error;
    return null;
  }
}

test.each(Object.keys(PROVIDERS) as Format[])(
  "a provider of %s takes every request that is written for it",
  (target) => {
    let taken = 0;
    const check = fc.property(request, fc.constantFrom(OWNERS[target], "another"), (asked, provider) => {
      const body = written(target, asked, provider);
      if (body === null) return;
      taken++;
      const reader = PROVIDERS[target];
      reader.read(body, { pathModel: "m", cache: new PromptCache() });
      reader.past?.rounds(body);
      expect(JSON.stringify(body).isWellFormed()).toBeTrue();
    });
    fc.assert(check, { numRuns: 400 });
    expect(taken).toBeGreaterThan(200);
  },
);
