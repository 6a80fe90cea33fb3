/** JSON bodies only. Other types are what web pages can send without asking the server first (CORS). */
import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';

const JSON_TYPE = /^application\/(?:[\w!#$&^.-]+\+)?json$/i;

const UNICODE = /;[ \t]*charset[ \t]*=[ \t]*"?utf-/i;

/** @param refuse makes the error (415) for a Content-Type */
export function jsonOnly(refuse: (contentType: string | undefined) => Error): RequestHandler {
  return (request, _response, next) => {
    const type = request.headers['content-type'];
    if (hasBody(request) && !isJson(type)) throw refuse(type);
    // RFC 8259 11: a charset means nothing, JSON is UTF-8. The parser would refuse any other.
    if (type !== undefined && !UNICODE.test(type)) request.headers['content-type'] = type.split(';', 1)[0]?.trim();
    next();
  };
}

export function isJson(contentType: string | undefined): boolean {
  return JSON_TYPE.test((contentType ?? '').split(';', 1)[0]?.trim() ?? '');
}

/** An empty body has no type: clients send none with DELETE, and with POSTs that say everything in their path. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
