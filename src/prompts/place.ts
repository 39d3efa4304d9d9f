import type { TemplatePlace } from "../formats/request-fields.ts";
import { type IdFault, parseTemplateId, type TemplateId, versionFault } from "./template-id.ts";

/** What a client wrote at one place of its request, as far as it can be used. */
export interface AskedPlace {
  readonly place: TemplatePlace;
  /** Null where it named none, or what it named is no template id. */
  readonly id: TemplateId | null;
  /** The template's text; null where it sent none. */
  readonly text: string | null;
  /** The finished content beside it; null where it sent none. */
  readonly own: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
  /** What is wrong with the fields, in words that never quote their values; null where nothing is. */
  readonly fault: string | null;
  /** The field that it is in. */
  readonly faultField: "template" | "template_id" | "variables" | null;
}

const NO_VARIABLES: Readonly<Record<string, unknown>> = {};

/** Reads the fields of a place. Wrong ones are passed over with their fault: where there is content, it still serves. */
export function readPlace(place: TemplatePlace, own: string | null): AskedPlace {
  const { template, template_id: given, variables } = place;
  const id =
    given === undefined || given === null ? null : withVersion(parseTemplateId(given), place.version);
  const isId = id !== null && !("reason" in id);
  const isText = typeof template === "string";
  const isMap = typeof variables === "object" && variables !== null && !Array.isArray(variables);
  const fault = faultOf([
    ["template_id", id === null || isId ? null : id.reason],
    ["template", isText || template === undefined || template === null ? null : "it is not a text"],
    ["variables", isMap || variables === undefined || variables === null ? null : "they are not an object"],
  ]);
  return {
    place,
    id: isId ? id : null,
    text: isText ? template : null,
    own,
    variables: isMap ? (variables as Record<string, unknown>) : NO_VARIABLES,
    fault: fault === undefined ? null : `${fault[0]}: ${fault[1]}`,
    faultField: fault?.[0] ?? null,
  };
}

type FieldFault = readonly [field: NonNullable<AskedPlace["faultField"]>, reason: string | null];

function faultOf(faults: readonly FieldFault[]): FieldFault | undefined {
  return faults.find(([, reason]) => reason !== null);
}

/** OpenAI's reference to a prompt has the version beside the id. */
function withVersion(id: TemplateId | IdFault, version: unknown): TemplateId | IdFault {
  if ("reason" in id || id.version !== null || version === undefined || version === null) return id;
  const reason = typeof version === "string" ? versionFault(version) : "a version is a text";
  return reason === null ? { name: id.name, version: version as string } : { reason };
}
