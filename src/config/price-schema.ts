import { z } from "zod";

const dollars = z.number().min(0).max(1_000_000);

const longPrompt = dollars.optional().describe("Of such prompts. Default: as of the others.");

const tokenPrice = {
  input: dollars.describe("Dollars a million tokens of the prompt."),
  output: dollars.describe("Dollars a million tokens of the answer, thinking included."),
  cached_input: dollars
    .optional()
    .describe("Of the prompt: read from the provider's cache. Default: as input."),
  cache_write: dollars
    .optional()
    .describe("Of the prompt: written to the provider's cache. Default: as input."),
  cache_write_1h: dollars
    .optional()
    .describe("Of those written to the cache: to be kept for an hour. Default: as cache_write."),
  audio_input: dollars.optional().describe("Of the prompt: sound. Default: as input."),
  audio_output: dollars.optional().describe("Of the answer: sound. Default: as output."),
  image_output: dollars.optional().describe("Of the answer: images. Default: as output."),
  above: z
    .array(
      z.strictObject({
        tokens: z
          .int()
          .min(1)
          .describe("Prompts longer than this have these prices for all of their tokens."),
        input: longPrompt,
        output: longPrompt,
        cached_input: longPrompt,
        cache_write: longPrompt,
        cache_write_1h: longPrompt,
        audio_input: longPrompt,
        audio_output: longPrompt,
        image_output: longPrompt,
      }),
    )
    .default([])
    .describe("Prices of long prompts, in rising order."),
};

export const priceSchema = z.strictObject({
  ...tokenPrice,
  service_tiers: z
    .record(z.string(), z.strictObject(tokenPrice))
    .default({})
    .describe(
      "Prices of answers that came in another service tier than the usual one, by its name, as `flex`.",
    ),
});
