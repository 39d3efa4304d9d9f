import type { RecordedBodies, WrittenRecord } from "../../records/record.ts";

/** Where the bodies of one record lie in a block: the request's first, the response's behind it. Lengths in bytes. */
export interface BodyPlace {
  readonly offset: number;
  /** Null where the request's body was not kept. */
  readonly request: number | null;
  readonly response: number | null;
  readonly cut: boolean;
}

/** Bodies of several records in one, compressed together: they are alike, so that it takes half the time and space. */
export interface Block {
  readonly data: Uint8Array;
  /** Ids of its records. */
  readonly records: readonly string[];
}

/** `places` has one for each record of the batch; their blocks count from 0. */
export interface PackedBodies {
  readonly blocks: readonly Block[];
  readonly places: readonly (PackedPlace | null)[];
}

interface PackedPlace extends BodyPlace {
  readonly block: number;
}

/** Bytes before compression from which on a block takes no more. Reading one body means decompressing its block. */
const FULL = 512 * 1024;
/** The least of zstd's effort: a third costs half as much again and saves a twentieth. */
const LEVEL = 1;
/** Below this, handing the work to another thread costs more than doing it. */
const ASIDE_FROM = 32 * 1024;

export async function packBodies(batch: readonly WrittenRecord[]): Promise<PackedBodies> {
  const gathered: { parts: Uint8Array[]; bytes: number; records: string[] }[] = [];
  const places = batch.map(({ record, bodies }): PackedPlace | null => {
    if (bodies === null || (bodies.request === null && bodies.response === null)) return null;
    let block = gathered.at(-1);
    if (block === undefined || block.bytes >= FULL) {
      block = { parts: [], bytes: 0, records: [] };
      gathered.push(block);
    }
    const { request, response, cut } = bodies;
    const offset = block.bytes;
    for (const part of [request, response]) {
      if (part === null) continue;
      block.parts.push(part);
      block.bytes += part.length;
    }
    block.records.push(record.id);
    return {
      block: gathered.length - 1,
      offset,
      request: request?.length ?? null,
      response: response?.length ?? null,
      cut,
    };
  });
  const blocks = await Promise.all(
    gathered.map(async ({ parts, records }) => ({ data: await compress(Buffer.concat(parts)), records })),
  );
  return { blocks, places };
}

async function compress(bytes: Buffer): Promise<Uint8Array> {
  const options = { level: LEVEL };
  return bytes.length < ASIDE_FROM ? Bun.zstdCompressSync(bytes, options) : Bun.zstdCompress(bytes, options);
}

/** The block as it was before compression; null when it is deleted. */
export async function readBlock(packed: Uint8Array<ArrayBuffer> | null): Promise<Uint8Array | null> {
  return packed === null ? null : Bun.zstdDecompress(packed);
}

/** The bodies at a place, which share the block's memory. */
export function bodiesIn(block: Uint8Array, { offset, request, response, cut }: BodyPlace): RecordedBodies {
  const middle = offset + (request ?? 0);
  return {
    request: request === null ? null : block.subarray(offset, middle),
    response: response === null ? null : block.subarray(middle, middle + response),
    cut,
  };
}
