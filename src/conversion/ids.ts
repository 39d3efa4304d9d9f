import { randomBytes } from "node:crypto";

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** 24 random letters and digits, some 140 bits. */
export function newId(): string {
  let id = "";
  // 62 does not divide 256: the few letters that come a little more often do no harm to uniqueness.
  for (const byte of randomBytes(24)) id += LETTERS[byte % LETTERS.length];
  return id;
}
