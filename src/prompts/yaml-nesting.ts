import { Lexer } from "yaml";

/** Levels of lists and mappings within each other. */
export const MAX_YAML_NESTING = 100;

/**
 * The line, from 1, on which YAML text is nested more than `MAX_YAML_NESTING` deep; null where it is not. The parser takes
 * half a minute for some thousand open brackets; cutting the text into tokens takes a time in step with its length.
 * Nesting by indentation needs no bound, as each level costs its own line's length.
 */
export function tooDeepLine(yaml: string): number | null {
  let line = 1;
  let brackets = 0;
  let indicators = 0;
  for (const token of new Lexer().lex(yaml)) {
    if (token === "{" || token === "[") brackets++;
    else if (token === "}" || token === "]") brackets--;
    else if (brackets === 0 && (token === "-" || token === "?")) indicators++;
    else if (token.includes("\n")) indicators = 0;
    if (brackets > MAX_YAML_NESTING || indicators > MAX_YAML_NESTING) return line;
    line += token.split("\n").length - 1;
  }
  return null;
}
