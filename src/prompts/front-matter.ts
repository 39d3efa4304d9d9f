import {
  type Document,
  isMap,
  isScalar,
  LineCounter,
  type Pair,
  parseDocument,
  stringify,
  visit,
} from "yaml";
import { type PlacedMessage, readBody, writeBody } from "./message-body.ts";
import type { Json, VersionDraft } from "./template.ts";
import { nameFault, versionFault } from "./template-id.ts";
import { MAX_YAML_NESTING, tooDeepLine } from "./yaml-nesting.ts";

const FENCE = "---\n";
const MAX_HEADER_CHARS = 65_536;
const MEMBERS = ["template", "version", "model", "parameters"];

/** Something wrong in a file, with the line from 1. */
export interface FileFault {
  readonly line: number;
  readonly message: string;
}

/** A version that was read from a text; its messages know their lines in it. */
export interface ReadDraft extends VersionDraft {
  readonly messages: readonly PlacedMessage[];
}

/**
 * Writes a version as a text file: YAML between two lines of `---` with its template, version, model and parameters, then
 * its messages as `writeBody` writes them. `readVersionFile` gives the same content, and so the same revision, back;
 * parameters nested more than 100 deep, or of more than 64 Ki characters, cannot be read again.
 */
export function writeVersionFile({ template, version, messages, model, parameters }: VersionDraft): string {
  const header = {
    template,
    version,
    ...(model === null ? {} : { model }),
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
  };
  return `${FENCE}${stringify(header, { lineWidth: 0 })}${FENCE}${writeBody(messages)}`;
}

/**
 * Reads a version from a text file, or says everything that is wrong with its header. A file whose first line ends with
 * CRLF was converted as a whole, and is read as if with LF; otherwise line ends are the text's own.
 */
export function readVersionFile(file: string): ReadDraft | readonly FileFault[] {
  const unmarked = file.startsWith("\ufeff") ? file.slice(1) : file;
  const text = unmarked.startsWith("---\r\n") ? unmarked.replaceAll("\r\n", "\n") : unmarked;
  if (!text.startsWith(FENCE))
    return [{ line: 1, message: "expected a line of --- before template and version" }];
  const end = text.indexOf(`\n${FENCE}`, FENCE.length - 1);
  if (end < 0) return [{ line: 1, message: "expected a second line of --- before the text" }];
  const header = text.slice(FENCE.length, end + 1);
  if (header.length > MAX_HEADER_CHARS) {
    return [{ line: 1, message: `expected at most ${MAX_HEADER_CHARS} characters before the text` }];
  }
  const tooDeep = tooDeepLine(header);
  if (tooDeep !== null) {
    return [{ line: tooDeep + 1, message: `expected lists and mappings at most ${MAX_YAML_NESTING} deep` }];
  }
  const read = new HeaderReader(header).read();
  if ("faults" in read) return read.faults;
  return { ...read, messages: readBody(text.slice(end + 1 + FENCE.length), header.split("\n").length + 2) };
}

type Header = Omit<VersionDraft, "messages">;

class HeaderReader {
  readonly #lines = new LineCounter();
  readonly #document: Document;
  readonly #faults: FileFault[] = [];

  constructor(header: string) {
    this.#document = parseDocument(header, { prettyErrors: false, lineCounter: this.#lines });
  }

  read(): Header | { readonly faults: readonly FileFault[] } {
    for (const fault of [...this.#document.errors, ...this.#document.warnings].slice(0, 10)) {
      this.#fault(fault.pos[0], `YAML syntax: ${fault.message.slice(0, 200)}`);
    }
    visit(this.#document, {
      Alias: (_, node) => this.#fault(node.range?.[0] ?? 0, "found an alias (*), expected the value itself"),
    });
    const header = this.#faults.length > 0 ? null : this.#members();
    return header === null || this.#faults.length > 0 ? { faults: this.#faults } : header;
  }

  #members(): Header | null {
    const contents = this.#document.contents;
    if (!isMap(contents)) {
      this.#fault(0, "expected template and version (`name: value` lines)");
      return null;
    }
    const members = new Map(
      contents.items.map((pair) => [isScalar(pair.key) ? String(pair.key.value) : "", pair]),
    );
    for (const [name, pair] of members) {
      if (!MEMBERS.includes(name)) this.#fault(startOf(pair), `expected one of ${MEMBERS.join(", ")}`);
    }
    return {
      template: this.#identifier("template", members.get("template"), nameFault),
      version: this.#identifier("version", members.get("version"), versionFault),
      model: this.#model(members.get("model")),
      parameters: this.#parameters(members.get("parameters")),
    };
  }

  /** Numbers are taken as they are written: version 1.10 is not 1.1. */
  #identifier(name: string, pair: Pair | undefined, faultOf: (text: string) => string | null): string {
    const node = pair?.value;
    const value = isScalar(node) ? (typeof node.value === "number" ? node.source : node.value) : undefined;
    const text = typeof value === "string" ? value : "";
    const reason =
      pair === undefined ? `${name} is missing` : text === "" ? `${name} has no text` : faultOf(text);
    if (reason !== null) this.#fault(startOf(pair), reason);
    return text;
  }

  #model(pair: Pair | undefined): string | null {
    const value = isScalar(pair?.value) ? pair.value.value : (pair?.value ?? null);
    if (value === null || typeof value === "string") return value;
    this.#fault(startOf(pair), "model is a text");
    return null;
  }

  #parameters(pair: Pair | undefined): { readonly [name: string]: Json } {
    if (pair === undefined || (isScalar(pair.value) && pair.value.value === null)) return {};
    const value: unknown = isMap(pair.value) ? pair.value.toJS(this.#document) : undefined;
    if (isJson(value) && isJsonObject(value)) return value;
    this.#fault(startOf(pair), "parameters are a mapping of names to JSON values");
    return {};
  }

  #fault(offset: number, message: string): void {
    this.#faults.push({ line: this.#lines.linePos(offset).line + 1, message });
  }
}

function startOf(pair: Pair | undefined): number {
  return isScalar(pair?.key) ? (pair.key.range?.[0] ?? 0) : 0;
}

function isJsonObject(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** YAML knows infinite numbers and its own kinds of values too. */
function isJson(value: unknown): value is Json {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object") return false;
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto !== Object.prototype && proto !== Array.prototype) return false;
  return Object.values(value).every(isJson);
}
