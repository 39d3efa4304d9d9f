/** Seconds that a connection may be silent between requests, or while it sends a request's head. */
export const IDLE_TIMEOUT = 120;
