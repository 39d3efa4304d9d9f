import type { MessageForms, TemplatePlaces } from "../format.ts";

const TEXTS = { role: "user", content: "content", textType: "input_text" } as const;

export const templatePlaces: TemplatePlaces = {
  input: {
    ...TEXTS,
    alone: "message",
    each: "message",
    inside: { content: { ...TEXTS, alone: "block", each: "part", inside: {} } },
  },
  instructions: { ...TEXTS, role: "system", alone: "text", each: "instruction", inside: {} },
};

export const messageForms: MessageForms = {
  writeMessage: (role, content) => JSON.stringify({ role, content }),
  system: null,
};
