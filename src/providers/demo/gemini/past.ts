import { DemoError } from "../errors.ts";
import { type JsonObject, objectOf, objectsOf, stringOf } from "../json.ts";
import type { PastReader } from "../recall.ts";

export const CONTENTS_PAST: PastReader = {
  sealKind: "thought",
  placeholder: "skip_thought_signature_validator",
  refusal: "Corrupted thought signature.",
  rounds(body) {
    const contents = objectsOf(body.contents);
    const first = contents.findLastIndex(isPrompt) + 1;
    return contents.slice(first).flatMap((content, offset) => {
      const parts = objectsOf(content.parts).filter((part) => part.functionCall !== undefined);
      if (content.role !== "model" || parts.length === 0) return [];
      requireResults(parts.length, contents[first + offset + 1]);
      return [{ calls: parts.map(pastCall), seal: sealIn(parts[0]!), sealedText: "" }];
    });
  },
};

function isPrompt({ role, parts }: JsonObject): boolean {
  return role !== "model" && !objectsOf(parts).some((part) => part.functionResponse !== undefined);
}

function pastCall(part: JsonObject) {
  const { name, args } = objectOf(part.functionCall) ?? {};
  return { id: undefined, name: stringOf(name) ?? "", args: args ?? {} };
}

/** The first call of an answer must bring its signature; those beside it have none. */
function sealIn(part: JsonObject): string {
  const seal = stringOf(part.thoughtSignature) ?? stringOf(part.thought_signature);
  if (seal !== undefined) return seal;
  throw new DemoError(400, "Function call is missing a thought_signature in functionCall parts.");
}

function requireResults(calls: number, next: JsonObject | undefined): void {
  const results = objectsOf(next?.parts).filter((part) => part.functionResponse !== undefined);
  if (results.length === calls) return;
  throw new DemoError(
    400,
    "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.",
  );
}
