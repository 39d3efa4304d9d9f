const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE = BigInt(ALPHABET.length);
/** 2025-01-01T00:00:00Z in seconds: the answers all claim to be from that year. */
const EPOCH = 1_735_689_600;
const SECONDS_IN_YEAR = 31_536_000n;

/** A number that stands for one request: the same target (a path or a model) and body always give the same. */
export function seedOf(target: string, body: Uint8Array | string): bigint {
  return BigInt(Bun.hash(body, BigInt(Bun.hash(target))));
}

/** `prefix` and `length` letters and digits that follow from the request and from what is named. */
export function makeId(seed: bigint, prefix: string, name: string, length = 24): string {
  let digits = "";
  for (let round = 0; digits.length < length; round++) {
    let value = BigInt(Bun.hash(`${prefix}${name}.${round}`, seed));
    for (let index = 0; index < 10; index++, value /= BASE) digits += ALPHABET[Number(value % BASE)];
  }
  return prefix + digits.slice(0, length);
}

/** Unix seconds in 2025 that follow from the request, so that the same request gives the same bytes. */
export function createdAt(seed: bigint): number {
  return EPOCH + Number(seed % SECONDS_IN_YEAR);
}
