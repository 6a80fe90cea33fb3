import type { RequestHandler } from 'express';

/**
 * Makes the type of JSON replies `application/json` alone. RFC 8259 defines no charset parameter, and the Python SDK compares the
 * whole header: with Express' own `; charset=utf-8` it reads no body at all.
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
