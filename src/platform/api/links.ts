import type { Request, Response } from 'express';

/**
 * The absolute URL of a path or of the request itself, under the address that the client used. Clients of v1 need it: the Java
 * SDK cuts ids out of `Location` by the length of its own base URL, the C# SDK throws on a relative one. A proxy that
 * ends TLS says `X-Forwarded-Proto`; only the sender of the request sees the result.
 */
export function absoluteUrl(request: Request, path: string): URL {
  const protocol = request.headers['x-forwarded-proto'] === 'https' ? 'https' : request.protocol;
  return new URL(path, `${protocol}://${request.host || 'localhost'}`);
}

/** 201 with the absolute Location of what was created; to be ended by the caller. */
export function created(request: Request, response: Response, path: string): Response {
  return response.status(201).location(absoluteUrl(request, path).href);
}
