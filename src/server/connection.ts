import type { Server } from "bun";

/** What a request's handler may ask of the connection that the request came on. */
export type Connection = Pick<Server<unknown>, "timeout">;

/** Stands for the connection of a request that came on none: one that the gateway makes to itself. */
export const NO_CONNECTION: Connection = { timeout() {} };
