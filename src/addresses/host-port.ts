/** Hosts and ports as text. */

/** Formats a host and port for URIs, `Via` and display. IPv6 addresses are put in brackets (RFC 3986 3.2.2). */
export function printHostPort({ host, port }: { host: string; port?: number | undefined }): string {
  const printed = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? printed : `${printed}:${port}`;
}

/** Whether a server bound to this host listens on every address of the machine. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::' || host === '';
}

/** The URL at which this machine reaches its own HTTP server. A wildcard host becomes the loopback address. */
export function localUrl(host: string, port: number): string {
  return `http://${printHostPort({ host: isWildcard(host) ? '127.0.0.1' : host, port })}`;
}
