import { hostname } from "node:os";
import { SCHEMA_URL } from "../gen-ai.ts";
import { attributesOf } from "./attributes.ts";

/** What an export says of its sender. */
export interface ResourceFacts {
  readonly serviceName: string;
  readonly version: string;
  /** What the configuration adds, or says otherwise. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Unique for this process, so that the counts of several gateways are told apart, and of one before its restart. */
const INSTANCE = crypto.randomUUID();
const SCOPE = "amsterdam";

/** Puts spans or metrics, texts of JSON, into the request that carries them to a collector. */
export class Envelope {
  readonly #resource: string;
  readonly #scope: string;

  constructor({ serviceName, version, attributes }: ResourceFacts) {
    const all = {
      "service.version": version,
      "service.instance.id": INSTANCE,
      "host.name": hostname(),
      ...attributes,
      "service.name": serviceName,
    };
    this.#resource = `"resource":{"attributes":${JSON.stringify(attributesOf(all))}},"schemaUrl":"${SCHEMA_URL}"`;
    this.#scope = `"scope":{"name":"${SCOPE}","version":${JSON.stringify(version)}},"schemaUrl":"${SCHEMA_URL}"`;
  }

  traces(spans: readonly string[]): string {
    return `{"resourceSpans":[{${this.#resource},"scopeSpans":[{${this.#scope},"spans":[${spans.join(",")}]}]}]}`;
  }

  metrics(metrics: readonly string[]): string {
    return `{"resourceMetrics":[{${this.#resource},"scopeMetrics":[{${this.#scope},"metrics":[${metrics.join(",")}]}]}]}`;
  }
}
