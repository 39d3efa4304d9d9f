import type { MessageForms, PlaceRule, TemplatePlaces } from "../format.ts";

const TEXTS = { role: null, content: "parts", textType: null } as const;
const PARTS: TemplatePlaces = { parts: { ...TEXTS, alone: "part", each: "part", inside: {} } };
const SYSTEM: PlaceRule = { ...TEXTS, alone: "instruction", each: "part", inside: PARTS };

const REQUEST: TemplatePlaces = {
  contents: { ...TEXTS, alone: "message", each: "message", inside: PARTS },
  systemInstruction: SYSTEM,
  system_instruction: SYSTEM,
};
/** What `countTokens` is asked to count. */
const COUNTED: PlaceRule = { ...TEXTS, alone: "request", each: "request", inside: REQUEST };

export const templatePlaces: TemplatePlaces = {
  ...REQUEST,
  generateContentRequest: COUNTED,
  generate_content_request: COUNTED,
};

export const messageForms: MessageForms = {
  writeMessage: (role, text) =>
    JSON.stringify({ role: role === "assistant" ? "model" : "user", parts: [{ text }] }),
  system: {
    names: ["systemInstruction", "system_instruction"],
    hasParts: true,
    writeWhole: (text) => JSON.stringify({ parts: [{ text }] }),
    writeBlock: (text) => JSON.stringify({ text }),
  },
};
