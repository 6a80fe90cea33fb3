import type { RequestHandler } from 'express';

/**
 * Removes the charset of JSON replies. RFC 8259 defines no charset parameter. The Python SDK compares the whole header
 * and reads no body with `; charset=utf-8` of Express.
 */
export function plainJson(): RequestHandler {
  return (_request, response, next) => {
    response.json = (body: unknown) => {
      response.setHeader('Content-Type', 'application/json');
      return response.send(Buffer.from(JSON.stringify(body) ?? ''));
    };
    next();
  };
}
