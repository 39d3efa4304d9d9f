/** Length of an embedding when the request names none. */
export const DEFAULT_DIMENSIONS = 256;
export const MOST_DIMENSIONS = 4096;

/**
 * A vector of length 1 for `text`: each word adds to a few places that follow from its hash, so that texts with
 * words in common are near each other. The same text always gives the same vector.
 */
export function embed(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  for (const word of ["", ...words]) {
    for (let round = 0; round < 4; round++) {
      const hash = BigInt(Bun.hash(word, round));
      const place = Number(hash % BigInt(dimensions));
      vector[place] = vector[place]! + (hash & (1n << 63n) ? 1 : -1);
    }
  }
  return normalised(vector);
}

function normalised(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  // Words may cancel each other out; a vector of zeros would have no direction to compare.
  if (length === 0) return vector.fill(1 / Math.sqrt(vector.length));
  return vector.map((value) => value / length);
}
