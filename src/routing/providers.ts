import type { Config, ProviderConfig } from "../config/schema.ts";
import type { Format } from "../exchange/formats.ts";
import { CATALOGUE, DEMO } from "../providers/catalogue.ts";
import { DEMO_MODELS } from "../providers/demo/behaviours.ts";
import { BEARER, type KeyStyle, type ProviderEntry, type ResponsesApi } from "../providers/provider.ts";

/** A provider that is switched on, with everything decided. */
export interface Provider {
  readonly name: string;
  /** Base URL without a trailing slash. */
  readonly baseUrl: URL;
  readonly keyStyle: KeyStyle;
  /** Empty when it needs none. */
  readonly keys: readonly string[];
  readonly formats: Partial<Record<Format, string>>;
  /** The format that calls in another one are converted to. */
  readonly convertTo: Format;
  readonly formatOnly: Partial<Record<Format, readonly string[]>>;
  /** Models of the legacy completions API. */
  readonly completions: readonly string[];
  /** Whether Chat streams are asked for their usage where the client does not. */
  readonly asksForUsage: boolean;
  /** What its Responses API has beside making them, where it speaks it. */
  readonly responses: ResponsesApi;
  readonly models: readonly string[];
  readonly defaultHeaders: DefaultHeaders;
  /** Models that fail by themselves: each has a breaker of its own. */
  readonly separateModels: ReadonlySet<string>;
  readonly config: ProviderConfig | null;
}

/**
 * Headers that calls need where the client sends none of that name, by the call's format. `other` is for the rest: they
 * are taken to be of the first format that the provider speaks.
 */
export interface DefaultHeaders extends Readonly<Partial<Record<Format, Readonly<Record<string, string>>>>> {
  readonly other: Readonly<Record<string, string>>;
}

export interface Providers {
  /** By name and alias. */
  readonly byName: ReadonlyMap<string, Provider>;
  /** Known by name but not switched on: what to say to those who ask for one. */
  readonly missing: ReadonlyMap<string, string>;
}

/** One that is down on purpose must not take the others with it. */
const DEMO_MODEL_IDS: ReadonlySet<string> = new Set(DEMO_MODELS.map(({ id }) => id));
const NONE: ReadonlySet<string> = new Set();

const ALL_FORMATS: Partial<Record<Format, string>> = {
  "openai-chat": "",
  "openai-responses": "",
  "anthropic-messages": "",
  gemini: "",
};

/**
 * The providers that are switched on: those with a key in the configuration or the environment, those given a base URL,
 * and the demo at `demoUrl`.
 */
export function readProviders(
  config: Config,
  env: Record<string, string | undefined>,
  demoUrl: string,
): Providers {
  const byName = new Map<string, Provider>();
  const missing = new Map<string, string>();
  const canonical = new Map<string, string>();
  for (const [name, entry] of Object.entries(CATALOGUE))
    for (const alias of entry.aliases ?? []) canonical.set(alias, name);
  const settings = new Map<string, ProviderConfig>();
  for (const [name, value] of Object.entries(config.providers))
    settings.set(canonical.get(name) ?? name, value);

  for (const name of new Set([...Object.keys(CATALOGUE), ...settings.keys()])) {
    if (name === DEMO) continue;
    const provider = readProvider(
      name,
      Object.hasOwn(CATALOGUE, name) ? CATALOGUE[name]! : null,
      settings.get(name) ?? null,
      env,
    );
    if (typeof provider === "string") missing.set(name, provider);
    else byName.set(name, provider);
  }
  if (settings.get(DEMO)?.enabled === false) missing.set(DEMO, switchedOff(DEMO));
  else byName.set(DEMO, demoProvider(demoUrl, settings.get(DEMO) ?? null));
  for (const [alias, name] of canonical) {
    const provider = byName.get(name);
    const reason = missing.get(name);
    if (provider !== undefined) byName.set(alias, provider);
    else if (reason !== undefined) missing.set(alias, reason);
  }
  return { byName, missing };
}

/** The provider, or why it is switched off. */
function readProvider(
  name: string,
  entry: ProviderEntry | null,
  config: ProviderConfig | null,
  env: Record<string, string | undefined>,
): Provider | string {
  if (config?.enabled === false) return switchedOff(name);
  const keys =
    config?.api_keys ??
    (config?.api_key !== undefined ? [config.api_key] : environmentKeys(name, entry, env));
  if (typeof keys === "string") return keys;
  const baseUrl = config?.base_url ?? entry?.baseUrl;
  const isOn = keys.length > 0 || config?.base_url !== undefined || config?.enabled === true;
  if (!isOn || baseUrl === undefined) {
    const variable = entry?.env[0];
    const hint = variable === undefined ? "" : ` Set ${variable}, or providers.${name}.api_key.`;
    return `The provider "${name}" has no API key.${hint}`;
  }
  const formats = formatsOf(entry, config);
  return {
    name,
    baseUrl: new URL(baseUrl.replace(/\/+$/, "")),
    keyStyle: entry?.key ?? keyStyleFor(config),
    keys,
    formats,
    convertTo: convertToOf(entry, config, formats),
    formatOnly: entry?.formatOnly ?? {},
    // A server of one's own, as vLLM or Ollama, has the old API for all of its models.
    completions: config?.completions ?? (entry === null ? ["*"] : (entry.completions ?? [])),
    asksForUsage: config?.stream_usage ?? entry?.streamUsage ?? false,
    responses: entry?.responses ?? { keeps: true, counts: false },
    models: config?.models ?? entry?.models ?? [],
    defaultHeaders: defaultHeadersOf(entry, formats),
    separateModels: NONE,
    config,
  };
}

const switchedOff = (name: string) => `The provider "${name}" is switched off in the configuration.`;

/** The key of the first variable that is set, none where none is, or what is wrong with it. */
function environmentKeys(
  name: string,
  entry: ProviderEntry | null,
  env: Record<string, string | undefined>,
): string[] | string {
  for (const variable of entry?.env ?? []) {
    // A key that was read from a file often has the line's end still on it.
    const key = env[variable]?.trim();
    if (key === undefined || key === "") continue;
    if (/^[\x20-\x7e]+$/.test(key)) return [key];
    // In a header field a line break would begin a field of its own.
    const fault = /[\r\n]/.test(key) ? "a line break" : "a character that is not printable ASCII";
    return `The provider "${name}" has no API key: ${variable} holds ${fault}.`;
  }
  return [];
}

function demoProvider(url: string, config: ProviderConfig | null): Provider {
  return {
    name: DEMO,
    baseUrl: new URL(`${url}/v1`),
    keyStyle: BEARER,
    keys: [],
    formats: ALL_FORMATS,
    convertTo: "openai-chat",
    formatOnly: {},
    completions: ["*"],
    asksForUsage: config?.stream_usage ?? true,
    responses: { keeps: false, counts: false },
    models: [],
    defaultHeaders: { other: {} },
    separateModels: DEMO_MODEL_IDS,
    config,
  };
}

function formatsOf(
  entry: ProviderEntry | null,
  config: ProviderConfig | null,
): Partial<Record<Format, string>> {
  if (config?.formats === undefined) return entry?.formats ?? { "openai-chat": "" };
  const formats: Partial<Record<Format, string>> = {};
  for (const format of config.formats) formats[format] = entry?.formats[format] ?? "";
  return formats;
}

function convertToOf(
  entry: ProviderEntry | null,
  config: ProviderConfig | null,
  formats: Partial<Record<Format, string>>,
): Format {
  if (config?.format !== undefined && formats[config.format] !== undefined) return config.format;
  if (entry?.convertTo !== undefined && formats[entry.convertTo] !== undefined) return entry.convertTo;
  return (Object.keys(formats) as Format[])[0]!;
}

/** A provider of the user's own sends its key as the first format it speaks does. */
function keyStyleFor(config: ProviderConfig | null): KeyStyle {
  const first = config?.formats?.[0];
  if (first === "anthropic-messages") return CATALOGUE.anthropic!.key;
  if (first === "gemini") return CATALOGUE.gemini!.key;
  return BEARER;
}

/** A built-in provider needs its own in every call; one of the user's own needs what each of its formats does. */
function defaultHeadersOf(
  entry: ProviderEntry | null,
  formats: Partial<Record<Format, string>>,
): DefaultHeaders {
  if (entry?.defaultHeaders !== undefined) return { other: entry.defaultHeaders };
  const byFormat = Object.keys(formats).map((format): [string, Readonly<Record<string, string>>] => [
    format,
    format === "anthropic-messages" ? CATALOGUE.anthropic!.defaultHeaders! : {},
  ]);
  return { ...Object.fromEntries(byFormat), other: byFormat[0]?.[1] ?? {} };
}
