/** Characters of the last user turn that are kept: of a longer one the beginning and the end. */
const TURN = 4_000;
/** Characters of what comes before it, all together. */
const CONTEXT = 1_200;
/** A turn of at least this length speaks for itself. */
const ENOUGH = 400;
const MOST_TURNS = 8;

/**
 * The text of a request that a router scores, of the user's turns, the newest first. It is the last turn: what was asked. A
 * short one, such as "and now in Rust", is put behind the end of the turns before it. No more turns are asked for than that
 * takes. Empty where no turn has words.
 *
 * At most some 5,200 characters, whatever the turns' size.
 */
export function promptText(turns: Iterable<string>): string {
  const kept: string[] = [];
  let room = 0;
  for (const turn of turns) {
    const text = cut(turn, kept.length === 0 ? TURN : CONTEXT - room).trim();
    if (text === "") continue;
    kept.unshift(text);
    if (kept.length > 1) room += text.length;
    const said = kept.length === 1 ? text.length : room + kept.at(-1)!.length;
    if (said >= ENOUGH || room >= CONTEXT || kept.length >= MOST_TURNS) break;
  }
  return kept.join("\n\n");
}

/** The beginning and the end of a text that is too long: the task stands before or after what it is about. */
function cut(text: string, room: number): string {
  if (text.length <= room) return text;
  const head = Math.ceil((room * 2) / 3);
  return `${text.slice(0, head)}\n${text.slice(text.length - (room - head))}`;
}
