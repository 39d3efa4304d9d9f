import type { Gateway } from "./gateway.ts";

/** A way to the demo provider through the gateway. */
export interface DemoDoor {
  readonly name: string;
  /** The address before the API's own version and path. */
  base(gateway: Gateway): string;
  /** The address for clients whose base URL ends in the version, such as OpenAI's. */
  versionedBase(gateway: Gateway): string;
  /** How a model of the demo is called there. */
  model(name: string): string;
}

/** The doors that SDKs use: one API for all providers, and the provider's own API. */
export const DEMO_DOORS: readonly DemoDoor[] = [
  {
    name: "the unified door",
    base: ({ url }) => url,
    versionedBase: ({ url }) => `${url}/v1`,
    model: (name) => `demo/${name}`,
  },
  {
    name: "the provider's door",
    base: ({ url }) => `${url}/v1/demo`,
    versionedBase: ({ url }) => `${url}/v1/demo`,
    model: (name) => name,
  },
];

/** What `call` fails with; rejects when it does not fail. */
export async function failureOf(call: () => Promise<unknown>): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("The call was expected to fail, but it succeeded");
}
