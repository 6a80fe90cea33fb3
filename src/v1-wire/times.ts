/**
 * Formats a time for v1: ISO 8601 UTC without milliseconds. The Java SDK parses `yyyy-MM-dd'T'HH:mm:ssX` and throws on
 * milliseconds.
 */
export function wireTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
