/** A model that can be called by this id at the doors that serve every provider. */
export interface ListedModel {
  readonly id: string;
  readonly owner: string;
  /** For people; the id where nobody gave another. */
  readonly title: string;
  /** Unix seconds, where the provider says when it was made. */
  readonly createdAt: number | null;
  /** Tokens of a prompt and of an answer, where the provider says so. */
  readonly inputLimit: number | null;
  readonly outputLimit: number | null;
  /** Gemini's method names, where the provider has them. */
  readonly methods: readonly string[] | null;
}

/** A model of which nothing but its name is known. */
export function namedModel(id: string, owner: string, title: string): ListedModel {
  return { id, owner, title, createdAt: null, inputLimit: null, outputLimit: null, methods: null };
}
