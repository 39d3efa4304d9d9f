import type { RecordedBodies } from "../records/record.ts";

/** Where streams put what the model says, piece by piece, in any of the formats. */
const PIECES =
  /"(?:text|content|delta|arguments|partial_json|thinking|reasoning|reasoning_content|refusal)"\s*:\s*("[^"\\]*(?:\\.[^"\\]*)*")/g;

const utf8 = new TextDecoder();

/**
 * A test whether all words of a text stand in a record's bodies, in any case, parts of words too. Words are found as
 * they are, as JSON writes them, and in what the pieces of a stream make together. Null where the text has no words.
 */
export function bodySearch(text: string): ((bodies: RecordedBodies) => boolean) | null {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words.length === 0) return null;
  const searched = words.map((word) => [...new Set([word, inJson(word), inAsciiJson(word)])]);
  return ({ request, response }) => {
    const said = read(request);
    const answered = read(response);
    const missing = searched.filter(
      (forms) => !forms.some((form) => said.includes(form) || answered.includes(form)),
    );
    if (missing.length === 0) return true;
    if (response === null || !answered.includes("data:")) return false;
    const joined = joinPieces(utf8.decode(response)).toLowerCase();
    return missing.every(([word]) => joined.includes(word!));
  };
}

function read(bytes: Uint8Array | null): string {
  return bytes === null ? "" : utf8.decode(bytes).toLowerCase();
}

function inJson(word: string): string {
  return JSON.stringify(word).slice(1, -1);
}

/** As writers of plain ASCII put it. */
function inAsciiJson(word: string): string {
  return inJson(word).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function joinPieces(stream: string): string {
  let joined = "";
  for (const [, piece] of stream.matchAll(PIECES)) joined += unquote(piece!);
  return joined;
}

function unquote(piece: string): string {
  try {
    return JSON.parse(piece);
  } catch {
    // A raw line break or the like, which JSON does not have: as it is.
    return piece.slice(1, -1);
  }
}
