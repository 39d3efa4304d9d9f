import type { GatewayError } from "../../exchange/errors.ts";
import { arrayOf, isRecord, recordOf, stringOf } from "../../exchange/read.ts";
import type { ToldError } from "../../exchange/told-error.ts";

/** Errors are google.rpc.Status; its codes' HTTP mapping is that of google/rpc/code.proto. */
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

/** What stands under `error`. */
interface RpcStatus {
  readonly code: number;
  readonly message: string;
  readonly status: string;
  readonly details: readonly object[];
}

export function rpcStatus({ status, message, code, told }: GatewayError): RpcStatus {
  return toldStatus({ status, message, code: told?.code ?? code });
}

/** The same of an error as a provider told it. */
export function toldStatus({ status, message, code }: ToldError): RpcStatus {
  const details =
    code === undefined
      ? []
      : [
          {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            reason: code.toUpperCase(),
            domain: "amsterdam",
          },
        ];
  const rpcCode = RPC_CODES[status] ?? (status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT");
  return { code: status, message, status: rpcCode, details };
}

/** Reads the body of an error, or a stream's chunk that tells one. Some come in an array, and anything may stand there. */
export function readError(body: unknown, status: number): ToldError {
  const first = Array.isArray(body) ? body[0] : body;
  const told = isRecord(first) ? (first.error ?? first) : first;
  if (!isRecord(told)) return { status, message: textOf(told) ?? `status ${status}` };
  const code = Number(told.code);
  const details = arrayOf(told.details).filter(isRecord);
  const reason = details.map((detail) => stringOf(detail.reason)).find((text) => text !== undefined);
  const violation = details.flatMap((detail) => arrayOf(detail.fieldViolations)).find(isRecord);
  const word = reason ?? stringOf(told.status);
  const param = stringOf(recordOf(violation)?.field);
  return {
    status: code >= 400 && code <= 599 ? code : status,
    message: textOf(told.message) ?? `status ${status}`,
    ...(word === undefined ? {} : { code: word }),
    ...(param === undefined ? {} : { param }),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
