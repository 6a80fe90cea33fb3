/** Where somebody listens, in writing. */

/** As it stands in URIs and `Via`, and as phones want it typed in: an IPv6 address in brackets (RFC 3986 3.2.2). */
export function printHostPort({ host, port }: { host: string; port?: number | undefined }): string {
  const printed = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? printed : `${printed}:${port}`;
}

/** Whether who listens there listens on every address of the machine. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::' || host === '';
}

/** How this machine reaches an HTTP server that listens there: on all addresses is also on the loopback address. */
export function localUrl(host: string, port: number): string {
  return `http://${printHostPort({ host: isWildcard(host) ? '127.0.0.1' : host, port })}`;
}
