import { readFileSync } from "node:fs";
// A path in the sources, and one within the executable where that holds the file.
import path from "./default.model" with { type: "file" };
import { type QualityModel, readModelFile } from "./model-file.ts";

let model: QualityModel | undefined;

/** The model that comes with the product, read once. */
export function defaultModel(): QualityModel {
  model ??= readModelFile(readFileSync(path));
  return model;
}
