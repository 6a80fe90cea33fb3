/** Accepts JSON bodies only. Web pages can send other types without a CORS preflight. */
import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';

const JSON_TYPE = /^application\/(?:[\w!#$&^.-]+\+)?json$/i;

const UNICODE = /;[ \t]*charset[ \t]*=[ \t]*"?utf-/i;

/** @param refuse makes the error (415) for a Content-Type */
export function jsonOnly(refuse: (contentType: string | undefined) => Error): RequestHandler {
  return (request, _response, next) => {
    const type = request.headers['content-type'];
    if (hasBody(request) && !isJson(type)) throw refuse(type);
    // RFC 8259 11: JSON is UTF-8 and a charset has no meaning. The parser would refuse any other charset.
    if (type !== undefined && !UNICODE.test(type)) request.headers['content-type'] = type.split(';', 1)[0]?.trim();
    next();
  };
}

export function isJson(contentType: string | undefined): boolean {
  return JSON_TYPE.test((contentType ?? '').split(';', 1)[0]?.trim() ?? '');
}

/** An empty body needs no type: clients send no Content-Type with DELETE and with POST requests without a body. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
