import type { Request, Response } from 'express';

/**
 * Returns the absolute URL of a path, with the origin that the client used. The Java SDK cuts ids out of `Location` by
 * the length of its base URL, and the C# SDK throws on a relative URL. Trusts `X-Forwarded-Proto` of any client, as
 * only the sender of the request sees the result.
 */
export function absoluteUrl(request: Request, path: string): URL {
  const protocol = request.headers['x-forwarded-proto'] === 'https' ? 'https' : request.protocol;
  return new URL(path, `${protocol}://${request.host || 'localhost'}`);
}

/** Sets the status 201 and the absolute `Location` of a new resource. The caller ends the response. */
export function created(request: Request, response: Response, path: string): Response {
  return response.status(201).location(absoluteUrl(request, path).href);
}
