import type { Losses } from "../../exchange/losses.ts";
import type { JsonObject } from "../../exchange/read.ts";
import type { GenerateRequest } from "../../exchange/request.ts";
import type { ModelTraits } from "./models.ts";
import { constrained } from "./schema.ts";
import type { OutputConfig } from "./wire.ts";

const ONLY = "Answer with a single JSON value and nothing else: no words around it, no code fence.";

/** How the answer's shape is asked for: by the API's own means where it has them, otherwise by an instruction. */
export function writeOutput(
  { output }: GenerateRequest,
  traits: ModelTraits,
  losses: Losses,
): { format?: NonNullable<OutputConfig["format"]>; instruction?: string } {
  if (output === undefined) return {};
  if (output.kind === "json-object") {
    losses.add("output: JSON is asked for in words");
    return { instruction: `${ONLY} It must be an object.` };
  }
  const schema: JsonObject =
    output.description === undefined ? output.schema : { description: output.description, ...output.schema };
  const fitted = traits.structured ? constrained(schema) : null;
  if (fitted === null) {
    losses.add("output.schema: it is told in words");
    return { instruction: `${ONLY} It must be valid against this JSON Schema:\n${JSON.stringify(schema)}` };
  }
  if (fitted.described) losses.add("output.schema: bounds are told in descriptions");
  return { format: { type: "json_schema", schema: fitted.schema } };
}

export function outputConfig(
  effort: string | undefined,
  format: OutputConfig["format"],
): OutputConfig | undefined {
  if (effort === undefined && format === undefined) return undefined;
  return { ...(effort === undefined ? {} : { effort }), ...(format === undefined ? {} : { format }) };
}
