/** A piece of a streamed response as it goes over the wire. */
export interface Frame {
  readonly text: string;
  /** Whether it carries generated tokens; the pace and the faults count these. */
  readonly delta: boolean;
}

/** A server-sent event with a JSON payload; `name` becomes its `event:` line. */
export function sseFrame(payload: unknown, delta = false, name?: string): Frame {
  const data = `data: ${JSON.stringify(payload)}\n\n`;
  return { text: name === undefined ? data : `event: ${name}\n${data}`, delta };
}

export const DONE_FRAME: Frame = { text: "data: [DONE]\n\n", delta: false };

/** Streamed pieces hold one token each, but at most this many pieces are made of one text. */
const MOST_PIECES = 4096;

/** Cuts tokens into the pieces that are streamed: one each, or more where the text is very long. */
export function toPieces(tokens: readonly string[]): readonly string[] {
  if (tokens.length <= MOST_PIECES) return tokens;
  const size = Math.ceil(tokens.length / MOST_PIECES);
  const pieces: string[] = [];
  for (let at = 0; at < tokens.length; at += size) pieces.push(tokens.slice(at, at + size).join(""));
  return pieces;
}
