import { readFileSync } from "node:fs";
// A path in the sources, and one within the executable where that holds the file.
import path from "./default.model" with { type: "file" };
import { type RouterModel, readModelFile } from "./model-file.ts";

let model: RouterModel | undefined;

/** The model that comes with the product, read once. */
export function defaultModel(): RouterModel {
  model ??= readModelFile(readFileSync(path));
  return model;
}
