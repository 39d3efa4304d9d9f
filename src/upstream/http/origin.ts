/** Where connections go: what the pool is keyed by. */
export interface Origin {
  /** `https://api.example.com:443` */
  readonly key: string;
  readonly secure: boolean;
  /** Host name or address to connect to, without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** Value of the Host header: without the port where it is the scheme's own. */
  readonly hostHeader: string;
}

/** The origin of an http or https URL. */
export function originOf(url: URL): Origin {
  const secure = url.protocol === "https:";
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  const hostname = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
  return { key: `${url.protocol}//${url.hostname}:${port}`, secure, hostname, port, hostHeader: url.host };
}
