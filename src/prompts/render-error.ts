/**
 * - `missing-variable`: the text reads a variable that the client did not send.
 * - `syntax`: the text is no valid template.
 * - `filter`: a filter is unknown, or refused the values it was given.
 * - `limit`: rendering took too much time, memory or nesting.
 * - `too-long`: the template, or what it gives, is longer than allowed.
 */
export type RenderFaultKind = "missing-variable" | "syntax" | "filter" | "limit" | "too-long";

/** What went wrong in one text. Holds names and the template's own source, never a variable's value. */
export interface TextFault {
  readonly kind: RenderFaultKind;
  readonly detail: string;
  /** The path of the missing variable, such as `user.name`; null for other faults. */
  readonly variable: string | null;
  /** From 1, in the text. */
  readonly line: number;
  readonly column: number;
}

/** Why a version could not be rendered. It is returned, not thrown: the client's own content may still serve. */
export class RenderError extends Error {
  override readonly name = "RenderError";
  readonly template: string;
  readonly version: string;
  /** Which of the version's messages, from 0. */
  readonly messageIndex: number;
  readonly kind: RenderFaultKind;
  readonly variable: string | null;
  readonly line: number;
  readonly column: number;

  constructor(of: { readonly template: string; readonly version: string }, index: number, fault: TextFault) {
    super(
      `template ${of.template}, version ${of.version}, message ${index + 1}, line ${fault.line}, column ${fault.column}: ${fault.detail}`,
    );
    this.template = of.template;
    this.version = of.version;
    this.messageIndex = index;
    this.kind = fault.kind;
    this.variable = fault.variable;
    this.line = fault.line;
    this.column = fault.column;
  }
}
