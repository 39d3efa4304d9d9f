import { readFileSync, statSync } from "node:fs";
import type { Format } from "../exchange/formats.ts";
import { defaultModel } from "./default-model.ts";
import { LengthRule } from "./length-rule.ts";
import { LARGEST_MODEL_FILE, ModelFileError, type RouterModel, readModelFile } from "./model-file.ts";
import { requestText } from "./request-text.ts";
import { strongProbability, thresholdBefore } from "./score.ts";
import type { PromptScore, PromptScorer } from "./scorer.ts";

/** A model's file that cannot be used. */
export class RefusedModel {
  readonly path: string | null;
  /** A sentence for the operator: that it cannot be read, is no model, damaged, too large, or of another version. */
  readonly reason: string;

  constructor(path: string | null, reason: string) {
    this.path = path;
    this.reason = reason;
  }
}

/** The learned router for requests as they come in. */
export class QualityModel implements PromptScorer {
  /** The first of its checksum's digits. */
  readonly name: string;
  readonly model: RouterModel;
  readonly #middle: number;

  constructor(model: RouterModel) {
    this.model = model;
    this.name = `learned-${model.checksum.slice(0, 12)}`;
    this.#middle = thresholdBefore(model, 0.5);
  }

  /** Reads a model's file; null means the one that comes with the product. */
  static load(path: string | null): QualityModel | RefusedModel {
    try {
      return new QualityModel(path === null ? defaultModel() : modelAt(path));
    } catch (error) {
      const isRefused = error instanceof ModelFileError || (error instanceof Error && "code" in error);
      if (isRefused) return new RefusedModel(path, error.message);
      throw error;
    }
  }

  score(body: Buffer, format: Format): number {
    return this.judge(body, format).score;
  }

  /** A body without words, as of images alone, and one that is no request has the score of the median prompt. */
  judge(body: Buffer, format: Format): PromptScore {
    const found = requestText(body, format);
    if (found.text === null) return { score: this.#middle, reason: found.reason };
    return { score: strongProbability(this.model, found.text), reason: null };
  }

  thresholdBefore(share: number): number {
    return thresholdBefore(this.model, share);
  }
}

/** What is no file, as a pipe, might never end; what is too large need not be read to be refused. */
function modelAt(path: string): RouterModel {
  const stat = statSync(path);
  if (!stat.isFile()) throw new ModelFileError(`${path} is not a file.`);
  if (stat.size > LARGEST_MODEL_FILE) {
    throw new ModelFileError(
      `The router's file has ${stat.size} bytes; at most ${LARGEST_MODEL_FILE} are read.`,
    );
  }
  return readModelFile(readFileSync(path));
}

/** What serves for a path: its model; where that is refused what served before, or else the length of prompts. */
export function scorerFor(
  path: string | null,
  previous: PromptScorer | null,
): { readonly scorer: PromptScorer; readonly refused: RefusedModel | null } {
  const loaded = QualityModel.load(path);
  if (loaded instanceof QualityModel) return { scorer: loaded, refused: null };
  return { scorer: previous ?? new LengthRule(), refused: loaded };
}
