/** What a collector's address has to be, in words. */
export const COLLECTOR_URL = "an http or https URL without user, password and query";

/** Whether paths can be appended to it, and it has no credentials: those go into headers. */
export function isCollectorUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && hostname !== "" && `${username}${password}${search}${hash}` === "";
}
