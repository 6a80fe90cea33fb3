/** Replies of the API, and helpers that read requests. */
export interface Reply {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

export type Body = Record<string, unknown>;

export const OK: Reply = { status: 200 };

export const failure = (status: number, code: string, message = code): Reply => ({
  status,
  body: { category: status === 403 ? 'limit' : 'bad-request', code, message, details: [] },
});

export const created = (location: string): Reply => ({ status: 201, headers: { location } });

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Reads a number, which may arrive as text. */
export const number = (value: unknown): number | undefined =>
  value === undefined || value === null || value === '' ? undefined : Number(value);

/** Normalises SIP URIs with and without scheme, so that they can be compared. */
export const bare = (address: string): string => address.replace(/^sips?:/i, '').toLowerCase();

export const isHttpUrl = (url: string): boolean => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);

/** Returns one page of a list, with the Link to the next one. */
export function page<T>(
  items: readonly T[],
  path: string,
  query: URLSearchParams,
  show: (item: T) => unknown = (item) => item,
): Reply {
  const [at, size] = [Number(query.get('page') ?? 0), Number(query.get('size') ?? 25)];
  if (!(size >= 1 && size <= 1000 && at >= 0)) return failure(400, 'validation-error', 'page or size');
  const next = new URLSearchParams(query);
  next.set('page', String(at + 1));
  next.set('size', String(size));
  const more = items.length > (at + 1) * size;
  return {
    status: 200,
    body: items.slice(at * size, (at + 1) * size).map(show),
    headers: more ? { link: `<${path}?${next.toString()}>; rel="next"` } : {},
  };
}
