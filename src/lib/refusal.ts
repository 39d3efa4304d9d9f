/** `missing`: there is no such thing; `conflict`: it cannot be done as things are; `invalid`: it cannot be done at all. */
export type RefusalKind = "missing" | "conflict" | "invalid";

/** Why something that people asked for was not done, in words for them. Nothing was changed. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly kind: RefusalKind;

  constructor(kind: RefusalKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
