import type { Outcome } from "./evaluate.ts";

/** A prompt and how well the strong and the weak model did on it. */
export interface OutcomeRow extends Outcome {
  readonly id: string;
  /** The data set it is of. */
  readonly set: string;
  /** The part of the set, such as a subject. */
  readonly task: string;
  readonly prompt: string;
}

/**
 * Outcomes of JSON lines: `{"id", "set", "task", "prompt", "strong", "weak"}`, other members ignored, empty lines too. `task`
 * may be missing; then it is the set.
 *
 * @throws SyntaxError that names the line.
 */
export function readOutcomes(text: string): OutcomeRow[] {
  return text.split("\n").flatMap((line, at) => (line.trim() === "" ? [] : [readLine(line, at + 1)]));
}

function readLine(line: string, number: number): OutcomeRow {
  const value = parsed(line, number);
  const { id, set, task = set, prompt, strong, weak } = value;
  for (const [name, member] of Object.entries({ id, set, task, prompt })) {
    if (typeof member !== "string") throw new SyntaxError(`Line ${number}: ${name} is not a string.`);
  }
  for (const [name, member] of Object.entries({ strong, weak })) {
    if (!Number.isFinite(member)) throw new SyntaxError(`Line ${number}: ${name} is not a number.`);
  }
  return { id, set, task, prompt, strong, weak } as OutcomeRow;
}

function parsed(line: string, number: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    throw new SyntaxError(`Line ${number} is not JSON.`, { cause: error });
  }
  throw new SyntaxError(`Line ${number} is not a JSON object.`);
}
