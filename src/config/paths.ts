/** Where a value stands in the file: keys and list indexes from the top. */
export type ValuePath = readonly PropertyKey[];

/** A path as people write it: `endpoints[0].path`, `routes["gpt-4.1"].targets[0]`; "" for the whole file. */
export function formatPath(path: ValuePath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (typeof step === "string" && /^[A-Za-z0-9_-]+$/.test(step))
      text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(String(step))}]`;
  }
  return text;
}
