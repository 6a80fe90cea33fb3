/** Errors of Tandem's HTTP server, answered as problem details (RFC 9457). */
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { TandemError, messageOf } from '../support/errors';
import type { InternalErrors } from '../support/internal-errors';
import type { Logger } from '../support/logger';
import type { OriginRefusal } from './same-origin';

/** The code of the store's error: http/ does not import the store. */
const STORE_UNAVAILABLE = 'store-unavailable';

/** An error with an HTTP status, whose message may be shown to the client. */
export abstract class ProblemError extends TandemError {
  abstract readonly status: number;
  abstract readonly title: string;
  /** Header fields of the response. */
  readonly headers: Readonly<Record<string, string>> = {};
}

export class BadRequestError extends ProblemError {
  readonly code = 'bad-request';
  readonly status = 400;
  readonly title = 'The request is not valid';
}

export class UnauthorizedError extends ProblemError {
  readonly code = 'unauthorized';
  readonly status = 401;
  readonly title = 'Credentials are missing or wrong';
  override readonly headers;
  constructor(challenge: string) {
    super('send valid credentials in the Authorization header');
    this.headers = { 'www-authenticate': challenge };
  }
}

/** A browser request from a page of another site. */
export class ForbiddenError extends ProblemError {
  readonly code: OriginRefusal['code'];
  readonly status = 403;
  readonly title = 'Forbidden';
  constructor({ code, message }: OriginRefusal) {
    super(message);
    this.code = code;
  }
}

export class UnsupportedMediaTypeError extends ProblemError {
  readonly code = 'unsupported-media-type';
  readonly status = 415;
  readonly title = 'Unsupported media type';
  constructor(contentType: string | undefined) {
    super(`Content-Type must be application/json (got ${contentType ?? 'none'})`);
  }
}

/** The client's address sent wrong credentials too often. */
export class TooManyFailuresError extends ProblemError {
  readonly code = 'too-many-failures';
  readonly status = 429;
  readonly title = 'Too many failed logins';
  override readonly headers;
  constructor(seconds: number) {
    super(`this address sent wrong credentials too often; try again in ${seconds} s`);
    this.headers = { 'retry-after': String(seconds) };
  }
}

export class MethodNotAllowedError extends ProblemError {
  readonly code = 'method-not-allowed';
  readonly status = 405;
  readonly title = 'Method not allowed';
  override readonly headers;
  constructor(method: string, allowed: readonly string[]) {
    super(`${method} is not allowed for this path; use ${allowed.join(' or ')}`);
    this.headers = { allow: allowed.join(', ') };
  }
}

export class NotFoundError extends ProblemError {
  readonly code = 'not-found';
  readonly status = 404;
  readonly title = 'Not found';
}

export class DrainingError extends ProblemError {
  readonly code = 'draining';
  readonly status = 503;
  readonly title = 'Server is shutting down';
  override readonly headers = { 'retry-after': '10' };
  constructor() {
    super('the server accepts no new calls; use another instance, or retry later');
  }
}

/** Leaves an event unacknowledged, so that the platform sends it to its fallback URL, which may be another instance. */
class StoreAwayError extends ProblemError {
  readonly code = 'store-unavailable';
  readonly status = 503;
  readonly title = 'Storage unavailable';
  override readonly headers = { 'retry-after': '2' };
  constructor() {
    super('the server cannot reach its store; retry the request');
  }
}

/** The write of a new session failed with an unknown effect. */
export class MaybePlacedError extends ProblemError {
  readonly code = 'call-may-be-placed';
  readonly status = 503;
  readonly title = 'Storage unavailable';
  override readonly headers = { 'retry-after': '2' };
  constructor(hasKey: boolean) {
    super(
      hasKey
        ? 'the call may still be placed; repeat the request with the same Idempotency-Key, which starts at most one call'
        : 'the call may still be placed; look for it with GET /calls before you repeat the request, and send an Idempotency-Key to make repeating safe',
    );
  }
}

export class KeyReusedError extends ProblemError {
  readonly code = 'idempotency-key-reused';
  readonly status = 422;
  readonly title = 'Idempotency-Key reused';
  constructor() {
    super('the first request with this Idempotency-Key had a different body; use a new key for a new call');
  }
}

/** The body of a problem response (RFC 9457). */
export interface Problem {
  type: 'about:blank';
  title: string;
  status: number;
  detail: string;
  code: string;
}

export const notFound: RequestHandler = (req) => {
  throw new NotFoundError(`${req.method} ${req.path} does not exist; see /openapi.json`);
};

/** Maps errors to problem responses. Logs internal errors and hides their details from the client. */
export function problemHandler(log: Logger, internalErrors?: InternalErrors): ErrorRequestHandler {
  // Express recognises an error handler by its four parameters.
  return (error: unknown, req, res, _next) => {
    const shown = error instanceof TandemError && error.code === STORE_UNAVAILABLE ? new StoreAwayError() : error;
    const problem = toProblem(shown);
    const { method, path } = req;
    const request = { method, path, requestId: res.locals['requestId'] as unknown };
    if (problem.status >= 500 && problem.status !== 503) {
      internalErrors?.report(error, { where: 'http request' });
      log.error({ event: 'request-failed', err: error, ...request }, 'request failed');
    } else {
      // The server answers 503 on purpose, so the log needs no stack.
      const level = problem.status === 503 ? 'warn' : 'info';
      log[level](
        { event: 'request-refused', ...request, status: problem.status, detail: messageOf(error) },
        'request refused',
      );
    }
    if (res.headersSent) return void res.destroy();
    send(res, problem, shown instanceof ProblemError ? shown.headers : {});
  };
}

function send(res: Response, problem: Problem, headers: Readonly<Record<string, string>>): void {
  res.status(problem.status).set(headers).type('application/problem+json').send(JSON.stringify(problem));
}

function toProblem(error: unknown): Problem {
  if (error instanceof ProblemError) {
    const { title, status, message, code } = error;
    return { type: 'about:blank', title, status, detail: message, code };
  }
  const status = statusOf(error);
  if (status !== undefined && status >= 400 && status < 500) {
    // Express and its body parser: malformed JSON, a body that is too large, a bad percent-encoding.
    return {
      type: 'about:blank',
      title: 'The request is not valid',
      status,
      detail: messageOf(error),
      code: 'bad-request',
    };
  }
  return {
    type: 'about:blank',
    title: 'Internal server error',
    status: 500,
    detail: 'the server failed to handle the request; see its log',
    code: 'internal',
  };
}

function statusOf(error: unknown): number | undefined {
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  return typeof status === 'number' ? status : undefined;
}
