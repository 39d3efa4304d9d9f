import type { GatewayError } from "../../exchange/errors.ts";
import type { FormatModule } from "../format.ts";

/** Gemini generateContent. Errors are google.rpc.Status, its codes' HTTP mapping that of google/rpc/code.proto. */
export const gemini: FormatModule = {
  name: "gemini",
  errorShape: "gemini",
  templatePlaces: {
    contents: { parts: {} },
    systemInstruction: { parts: {} },
    system_instruction: { parts: {} },
  },
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

const RPC_CODES: Record<number, string> = {
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  408: "DEADLINE_EXCEEDED",
  409: "ABORTED",
  429: "RESOURCE_EXHAUSTED",
  499: "CANCELLED",
  501: "UNIMPLEMENTED",
  502: "UNAVAILABLE",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

function rpcStatus(error: GatewayError) {
  const { status } = error;
  const rpcCode = RPC_CODES[status] ?? (status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT");
  return {
    code: status,
    message: error.message,
    status: rpcCode,
    details: [
      {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        reason: error.code.toUpperCase(),
        domain: "amsterdam",
      },
    ],
  };
}
