import type { MessageForms, TemplatePlaces } from "../format.ts";

const TEXTS = { role: "user", content: "content", textType: "text" } as const;

export const templatePlaces: TemplatePlaces = {
  messages: {
    ...TEXTS,
    alone: "message",
    each: "message",
    inside: { content: { ...TEXTS, alone: "block", each: "part", inside: {} } },
  },
  system: { ...TEXTS, alone: "block", each: "part", inside: {} },
};

export const messageForms: MessageForms = {
  writeMessage: (role, content) => JSON.stringify({ role, content }),
  system: {
    names: ["system"],
    hasParts: false,
    writeWhole: (text) => JSON.stringify(text),
    writeBlock: (text) => JSON.stringify({ type: "text", text }),
  },
};
