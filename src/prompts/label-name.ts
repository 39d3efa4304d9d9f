const MAX_LABEL_CHARS = 64;
const LABEL = /^[A-Za-z][\w.-]*$/;

/** The label whose version is served to everyone who names the template. */
export const SERVED_LABEL = "production";

/**
 * Why `label` cannot be a label, or null. The first character is a letter, so that a label is never read as a version.
 * `latest` is refused: labels move when somebody moves them, and a name that promises more would mislead.
 */
export function labelFault(label: string): string | null {
  if (label === "") return "a label's name is missing";
  if (label.length > MAX_LABEL_CHARS) return `a label is at most ${MAX_LABEL_CHARS} characters long`;
  if (!LABEL.test(label)) return "a label is letters, digits, _ . and -, the first of them a letter";
  return label.toLowerCase() === "latest" ? "no label is called latest, as none moves by itself" : null;
}
