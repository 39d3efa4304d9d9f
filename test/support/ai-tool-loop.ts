import { generateText, isStepCount, jsonSchema, type LanguageModel, streamText, tool } from "ai";
import { AI_CLIENTS, type ModelPlace } from "./ai-models.ts";
import { runTool, type ToolLoop } from "./tool-loops.ts";

const inputSchema = jsonSchema<{ city: string; days: number }>({
  type: "object",
  properties: { city: { type: "string" }, days: { type: "integer" } },
  required: ["city", "days"],
  additionalProperties: false,
});

/** The AI SDK's own loop, with one of its providers. */
function aiLoop(make: (place: ModelPlace) => LanguageModel): ToolLoop {
  return async ({ url, key, model, stream }) => {
    const call = {
      model: make({ url, key, model: model(0) }),
      prompt: "How is it there?",
      maxRetries: 0,
      maxOutputTokens: 8192,
      stopWhen: isStepCount(6),
      tools: {
        weather: tool({ inputSchema, execute: (args) => runTool("weather", args) }),
        tide: tool({ inputSchema, execute: (args) => runTool("tide", args) }),
      },
      providerOptions: {
        openai: { store: false, reasoningEffort: "medium", reasoningSummary: "auto", forceReasoning: true },
        anthropic: { thinking: { type: "enabled", budgetTokens: 2048 } },
        google: { thinkingConfig: { includeThoughts: true } },
        gateway: { reasoningEffort: "medium" },
      },
    };
    const steps = stream
      ? await streamText({ ...call, onError: () => undefined }).steps
      : (await generateText(call)).steps;
    return {
      calls: steps.map(({ toolCalls }) => toolCalls.length),
      ids: steps.flatMap(({ toolCalls }) => toolCalls.map(({ toolCallId }) => toolCallId)),
      text: steps.at(-1)?.text ?? "",
      thoughts: steps.map(({ reasoningText }) => reasoningText ?? "").join(""),
    };
  };
}

export const AI_LOOPS: readonly { readonly client: string; readonly run: ToolLoop }[] = AI_CLIENTS.map(
  ({ client, model }) => ({ client, run: aiLoop(model) }),
);
