import { GatewayError } from "../../src/exchange/errors.ts";
import { Losses } from "../../src/exchange/losses.ts";
import type { GenerateRequest } from "../../src/exchange/request.ts";
import type { WireRequest } from "../../src/formats/gemini/wire.ts";
import { writeRequest } from "../../src/formats/gemini/write-request.ts";

/** Models of a budget and of a level of thinking. */
export const FLASH_2 = "gemini-2.5-flash";
export const FLASH_3 = "gemini-3-flash-preview";

const HI: GenerateRequest["messages"] = [{ role: "user", parts: [{ kind: "text", text: "hi" }] }];

export interface Written {
  readonly body: WireRequest;
  readonly losses: readonly string[];
}

/** The body for a request that says only what is given, and what it loses. */
export function write(request: Partial<GenerateRequest>, model = FLASH_2, provider = "gemini"): Written {
  const losses = new Losses();
  const whole = {
    model: "m",
    stream: false,
    streamUsage: true,
    messages: HI,
    tools: [],
    ...request,
  };
  return { body: writeRequest(whole, { model, losses, provider }), losses: losses.items };
}

/** The error that the request is refused with. */
export function refusal(request: Partial<GenerateRequest>, model = FLASH_2): GatewayError {
  try {
    write(request, model);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("it was written");
}
