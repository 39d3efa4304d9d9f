import { mostBytes, writeFrame } from "./spill-frame.ts";
import type { Piece } from "./storable.ts";

const FIRST_BYTES = 1024 * 1024;

/** Frames on their way to a file, one behind the other in memory that is used again. */
export class FrameBuffer {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #end = 0;

  /** Bytes of the frames in it. */
  get size(): number {
    return this.#end;
  }

  add(pieces: readonly Piece[]): void {
    const needed = this.#end + mostBytes(pieces);
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.frames());
      this.#bytes = larger;
    }
    this.#end = writeFrame(this.#bytes, this.#end, pieces);
  }

  /** The frames; what is added or cleared later changes them. */
  frames(): Buffer {
    return this.#bytes.subarray(0, this.#end);
  }

  clear(): void {
    this.#end = 0;
  }
}
