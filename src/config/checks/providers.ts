import type { ValuePath } from "../paths.ts";
import type { Report } from "../report.ts";
import { RESERVED_PROVIDER_NAMES } from "../reserved.ts";
import { nearest } from "../suggest.ts";
import { checkHeaders } from "./headers.ts";
import { listOf, mappingOf, textOf } from "./loose.ts";

/** Names, keys and URLs of the providers; `known` are the built-in ones, which need nothing further. */
export function checkProviders(value: unknown, known: readonly string[], report: Report): void {
  for (const [name, item] of Object.entries(mappingOf(value))) {
    const provider = mappingOf(item);
    const at = ["providers", name];
    if (RESERVED_PROVIDER_NAMES.includes(name)) {
      report.atKey(at, {
        found: `the name ${name}`,
        expected: `another name; /v1/${name} is a path of its own`,
      });
    }
    if (!known.includes(name) && provider.enabled !== false) checkOwn(name, provider, known, at, report);
    if (provider.api_key !== undefined && provider.api_keys !== undefined) {
      report.atKey([...at, "api_keys"], { found: "both api_key and api_keys", expected: "one of the two" });
    }
    checkFormat(provider, at, report);
    checkKeys(provider, at, report);
    checkBaseUrl(textOf(provider.base_url), [...at, "base_url"], report);
    checkModels(provider.models, [...at, "models"], report);
    checkHeaders(provider, at, report);
  }
}

/** A provider that is not built in says where it is and what it speaks. */
function checkOwn(
  name: string,
  provider: Readonly<Record<string, unknown>>,
  known: readonly string[],
  at: ValuePath,
  report: Report,
): void {
  for (const key of ["base_url", "formats"]) {
    if (provider[key] !== undefined) continue;
    report.atKey([...at, key], {
      found: "nothing",
      expected: `a value, since the provider ${name} is not built in`,
      suggestion: nearest(name, known),
    });
  }
}

/** Calls can be converted only to a format that is spoken there. */
function checkFormat(provider: Readonly<Record<string, unknown>>, at: ValuePath, report: Report): void {
  const { format, formats } = provider;
  if (format === undefined || formats === undefined || listOf(formats).includes(format)) return;
  report.atValue([...at, "format"], { expected: "one of the provider's own formats" });
}

/** A key goes into a header field, where a line break begins another one; one read from a file often ends with it. */
function checkKeys(provider: Readonly<Record<string, unknown>>, at: ValuePath, report: Report): void {
  const keys: [ValuePath, unknown][] = [
    [[...at, "api_key"], provider.api_key],
    ...listOf(provider.api_keys).map((key, index): [ValuePath, unknown] => [[...at, "api_keys", index], key]),
  ];
  for (const [path, key] of keys) {
    if (typeof key !== "string" || /^[\x20-\x7e]*$/.test(key)) continue;
    report.atValue(path, { expected: "printable ASCII characters, without a line break" });
  }
}

function checkBaseUrl(url: string | undefined, at: ValuePath, report: Report): void {
  if (url === undefined || !URL.canParse(url)) return;
  const { username, password, search, hash } = new URL(url);
  if (username !== "" || password !== "") {
    report.atValue(at, {
      expected: "a URL without user and password (api_key or custom_headers can carry them)",
    });
  } else if (search !== "" || hash !== "") {
    report.atValue(at, { expected: "a URL without query and fragment, since paths are appended to it" });
  }
}

function checkModels(value: unknown, at: ValuePath, report: Report): void {
  for (const [index, model] of listOf(value).entries()) {
    if (typeof model !== "string" || !model.slice(0, -1).includes("*")) continue;
    report.atValue([...at, index], { expected: "a model name with `*` at its end only" });
  }
}
