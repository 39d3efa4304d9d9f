import { createHash } from "node:crypto";
import type { Calibration } from "./calibration.ts";
import { STATISTICS } from "./features.ts";
import type { LinearForm } from "./linear.ts";
import { BUCKETS } from "./words.ts";

/** A router that is ready to score. */
export interface RouterModel {
  readonly form: LinearForm;
  readonly calibration: Calibration;
  /** Probabilities of prompts that were kept apart, rising: the quantiles at 0 to 100 percent. */
  readonly quantiles: Float64Array;
  readonly note: ModelNote;
  /** SHA-256 of the file without its end, in hexadecimal: names the model in records. */
  readonly checksum: string;
}

/** Where a model comes from. */
export interface ModelNote {
  /** A sentence on the data: sources, licences. */
  readonly data: string;
  readonly dataChecksum: string;
  readonly rows: number;
  readonly sets: Readonly<Record<string, number>>;
  readonly options: Readonly<Record<string, number>>;
}

/** A file that is not a model of this version: too large, foreign, damaged. The message says which. */
export class ModelFileError extends Error {
  override readonly name = "ModelFileError";
}

/*
 * The file: MAGIC (8 bytes), the header's length (4 bytes, little-endian), the header (JSON in UTF-8), a signed byte for each
 * bucket, and the SHA-256 of all before.
 */
const MAGIC = "AMSROUT1";
const START = MAGIC.length + 4;
const DIGEST = 32;
/** Largest file that is read, in bytes. */
export const LARGEST_MODEL_FILE = 1 << 20;
const QUANTILES = 101;

interface Header {
  readonly statistics: readonly string[];
  readonly means: readonly number[];
  readonly deviations: readonly number[];
  readonly weights: readonly number[];
  readonly intercept: number;
  /** What a bucket's byte is multiplied with. */
  readonly scale: number;
  readonly slope: number;
  readonly bias: number;
  readonly quantiles: readonly number[];
  readonly note: ModelNote;
}

/** The file of a model. Buckets keep 8 bits and other numbers 7 digits, so the model read from it differs a little. */
export function writeModelFile(model: Omit<RouterModel, "checksum">): Uint8Array {
  const { form, calibration, quantiles, note } = model;
  const scale = short(form.buckets.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) / 127) || 1;
  const header: Header = {
    statistics: STATISTICS,
    means: Array.from(form.spread.means, short),
    deviations: Array.from(form.spread.deviations, short),
    weights: Array.from(form.statistics, short),
    intercept: short(form.intercept),
    scale,
    slope: short(calibration.slope),
    bias: short(calibration.intercept),
    quantiles: Array.from(quantiles, short),
    note,
  };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const bytes = Int8Array.from(form.buckets, (weight) => {
    return Math.max(-127, Math.min(127, Math.round(weight / scale)));
  });
  const body = Buffer.concat([Buffer.from(MAGIC), length, json, new Uint8Array(bytes.buffer)]);
  return Buffer.concat([body, sha256(body)]);
}

/** @throws ModelFileError */
export function readModelFile(file: Uint8Array): RouterModel {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length > LARGEST_MODEL_FILE) {
    throw new ModelFileError(
      `The router's file has ${bytes.length} bytes; at most ${LARGEST_MODEL_FILE} are read.`,
    );
  }
  if (bytes.length < START + DIGEST || bytes.toString("latin1", 0, MAGIC.length) !== MAGIC) {
    throw new ModelFileError(`The file is not a router's: it does not begin with ${MAGIC}.`);
  }
  const body = bytes.subarray(0, -DIGEST);
  const digest = sha256(body);
  if (!digest.equals(bytes.subarray(-DIGEST))) {
    throw new ModelFileError("The router's file is damaged: its checksum is wrong.");
  }
  const end = START + body.readUInt32LE(MAGIC.length);
  if (end + BUCKETS !== body.length) {
    throw new ModelFileError(`The router's file does not hold ${BUCKETS} weights.`);
  }
  const header = checked(parsed(body.toString("utf8", START, end)));
  const { scale } = header;
  return {
    form: {
      spread: { means: Float64Array.from(header.means), deviations: Float64Array.from(header.deviations) },
      statistics: Float64Array.from(header.weights),
      buckets: Float64Array.from({ length: BUCKETS }, (_, at) => body.readInt8(end + at) * scale),
      intercept: header.intercept,
    },
    calibration: { slope: header.slope, intercept: header.bias },
    quantiles: Float64Array.from(header.quantiles),
    note: header.note,
    checksum: digest.toString("hex"),
  };
}

function parsed(json: string): Partial<Header> {
  try {
    const header: unknown = JSON.parse(json);
    if (typeof header === "object" && header !== null) return header;
  } catch (error) {
    throw new ModelFileError("The header of the router's file is not JSON.", { cause: error });
  }
  throw new ModelFileError("The header of the router's file is not an object.");
}

/** A right checksum says that the file is as somebody wrote it, not that this version can use it. */
function checked(header: Partial<Header>): Header {
  const need = (holds: boolean, what: string) => {
    if (!holds) throw new ModelFileError(`The router's file was made for another version: ${what}.`);
  };
  const { statistics, means, deviations, weights, quantiles, note } = header;
  const same = Array.isArray(statistics) && statistics.join() === STATISTICS.join();
  need(same, "it was trained on other statistics");
  need(numbers(means, STATISTICS.length), "means are missing");
  need(numbers(deviations, STATISTICS.length), "deviations are missing");
  need(
    deviations!.every((deviation) => deviation > 0),
    "a deviation is not above 0",
  );
  need(numbers(weights, STATISTICS.length), "weights are missing");
  const singles = [header.intercept, header.scale, header.slope, header.bias];
  need(numbers(singles, singles.length), "intercept, scale, slope or bias is missing");
  need(header.slope! > 0, "its slope is not above 0");
  need(numbers(quantiles, QUANTILES), "quantiles are missing");
  need(
    quantiles!.every((value, at) => at === 0 || value >= quantiles![at - 1]!),
    "quantiles fall",
  );
  need(typeof note === "object" && note !== null, "the note on its data is missing");
  return header as Header;
}

function numbers(value: unknown, length: number): boolean {
  return Array.isArray(value) && value.length === length && value.every((each) => Number.isFinite(each));
}

/** Seven digits, so that the last bits of a logarithm, which processors may differ in, do not reach the file. */
const short = (value: number) => Number(value.toPrecision(7));

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
