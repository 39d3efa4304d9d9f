const FRAME = 0xfd2fb528;
/** The last four bits are anything. */
const SKIPPABLE = 0x184d2a50;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];
const RLE = 1;

/** Whether bytes are one or more zstd frames, the last of them whole (RFC 8878, section 3.1). Reads no block's content. */
export function endsWithZstdFrame(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  do {
    const end = frameEnd(view, at);
    if (end < 0 || end > bytes.length) return false;
    at = end;
  } while (at < bytes.length);
  return true;
}

/** Offset after the frame that begins at `at`, which may lie beyond the bytes; -1 where none begins or it breaks off. */
function frameEnd(view: DataView, at: number): number {
  if (at + 8 > view.byteLength) return -1;
  const magic = view.getUint32(at, true);
  if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE) return at + 8 + view.getUint32(at + 4, true);
  if (magic !== FRAME) return -1;
  const descriptor = view.getUint8(at + 4);
  let i = at + 5 + headerBytes(descriptor);
  for (;;) {
    if (i + 3 > view.byteLength) return -1;
    const header = view.getUint16(i, true) | (view.getUint8(i + 2) << 16);
    const isRle = ((header >> 1) & 3) === RLE;
    i += 3 + (isRle ? 1 : header >> 3);
    if ((header & 1) === 1) break;
  }
  const hasChecksum = (descriptor & 4) !== 0;
  return hasChecksum ? i + 4 : i;
}

/** Bytes of the frame's header after its descriptor: window, dictionary id, content size. */
function headerBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeFlag;
  return (isSingleSegment ? 0 : 1) + DICTIONARY_ID_BYTES[descriptor & 3]! + sizeBytes;
}
