import type { FormatModule } from "../format.ts";
import { rpcStatus } from "./errors.ts";
import { parameters } from "./parameters.ts";
import { messageForms, templatePlaces } from "./templates.ts";

/** Gemini generateContent. */
export const gemini: FormatModule = {
  name: "gemini",
  errorShape: "gemini",
  templatePlaces,
  messageForms,
  parameters,
  renderError: (error) => JSON.stringify({ error: rpcStatus(error) }),
  renderStreamError: (error) => `data: ${JSON.stringify({ error: rpcStatus(error) })}\n\n`,
  streamErrorOf(data) {
    const error = (data as { error?: { code?: unknown; message?: unknown } } | null)?.error;
    if (error === undefined || error === null) return null;
    const code = Number(error.code);
    return {
      status: code >= 400 && code <= 599 ? code : 502,
      message: String(error.message ?? "error in the stream"),
    };
  },
};
