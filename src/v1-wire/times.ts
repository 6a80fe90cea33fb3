/**
 * A time as v1 writes it: ISO 8601 UTC in whole seconds. The Java SDK reads `yyyy-MM-dd'T'HH:mm:ssX` and throws on
 * milliseconds.
 */
export function wireTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
