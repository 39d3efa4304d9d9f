import { isIP } from "node:net";

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?$/i;

/** Whether a server can be asked to listen there: an IPv4 or IPv6 address (no brackets) or a host name, no port. */
export function isListenAddress(text: string): boolean {
  if (isIP(text) !== 0) return true;
  // "1.2.3" and "999.0.0.1" are mistyped addresses, whatever the grammar of host names allows.
  return HOST_NAME.test(text) && !/^[\d.]+$/.test(text);
}
