import { z } from "zod";
import { named } from "./shape-parts.ts";

const partShape = named(
  "MessagePart",
  z
    .object({
      kind: z.enum(["text", "refusal", "reasoning", "tool-call", "tool-result", "media", "native"]),
      text: z.string().optional().describe("Words; of a call its arguments, of a result what came out."),
      name: z.string().optional().describe("The tool's name; of media its type."),
      call_id: z.string().optional().describe("By which a result names its call."),
      is_error: z.boolean().optional(),
    })
    .describe("A piece of a message."),
);

export const messageShape = named(
  "Message",
  z.object({
    role: z.enum(["system", "developer", "user", "assistant", "tool"]),
    parts: z.array(partShape).readonly(),
  }),
);
