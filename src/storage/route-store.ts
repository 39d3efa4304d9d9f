import type { RouteConfig } from "../config/route-schema.ts";

/** A route that was made through the management API or the command line, beside those of the configuration. */
export interface KeptRoute {
  readonly name: string;
  readonly definition: RouteConfig;
  /** Unix milliseconds. */
  readonly updatedAt: number;
  /** The key that made or changed it last, by its id; null where it was the command line. */
  readonly updatedBy: string | null;
}

/** Every write moves the storage's revision on. */
export interface RouteStore {
  /** By name. */
  list(): Promise<KeptRoute[]>;
  /** Adds it, or puts it in the place of the one of its name. */
  put(route: KeptRoute): Promise<void>;
  /** False where there is none of this name. */
  delete(name: string): Promise<boolean>;
}
