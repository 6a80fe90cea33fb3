/** Errors of Tandem's own HTTP side, told as problem details (RFC 9457). */
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { TandemError, messageOf } from '../support/errors';
import type { InternalErrors } from '../support/internal-errors';
import type { Logger } from '../support/logger';
import type { OriginRefusal } from './same-origin';

/** The code of the store's error: http/ does not import the store. */
const STORE_UNAVAILABLE = 'store-unavailable';

/** An error that is the client's business: it has an HTTP status and may be shown. */
export abstract class ProblemError extends TandemError {
  abstract readonly status: number;
  abstract readonly title: string;
  /** Header fields that go with it. */
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
    super('send the credentials that this server was set up with in the Authorization header');
    this.headers = { 'www-authenticate': challenge };
  }
}

/** A request of another site's page. */
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
    super(`Content-Type must be application/json, not ${contentType ?? 'missing'}`);
  }
}

/** Too many wrong credentials came from the address. */
export class TooManyFailuresError extends ProblemError {
  readonly code = 'too-many-failures';
  readonly status = 429;
  readonly title = 'Too many failed logins';
  override readonly headers;
  constructor(seconds: number) {
    super(`Too many wrong credentials came from this address; try again in ${seconds} s`);
    this.headers = { 'retry-after': String(seconds) };
  }
}

export class MethodNotAllowedError extends ProblemError {
  readonly code = 'method-not-allowed';
  readonly status = 405;
  readonly title = 'Method not allowed';
  override readonly headers;
  constructor(method: string, allowed: readonly string[]) {
    super(`${method} is not allowed here; use ${allowed.join(' or ')}`);
    this.headers = { allow: allowed.join(', ') };
  }
}

export class NotFoundError extends ProblemError {
  readonly code = 'not-found';
  readonly status = 404;
  readonly title = 'There is no such thing here';
}

export class DrainingError extends ProblemError {
  readonly code = 'draining';
  readonly status = 503;
  readonly title = 'This server is going down';
  override readonly headers = { 'retry-after': '10' };
  constructor() {
    super('it takes no new calls; use another one, or this one when it is back');
  }
}

/** An event is not acknowledged then: the platform turns to its fallback URL, which may be another instance. */
class StoreAwayError extends ProblemError {
  readonly code = 'store-unavailable';
  readonly status = 503;
  readonly title = 'Nothing can be kept at the moment';
  override readonly headers = { 'retry-after': '2' };
  constructor() {
    super('the store of this server cannot be reached; send it again');
  }
}

/** The write of a new session failed in a way that leaves open whether it took place. */
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
  readonly title = 'The Idempotency-Key was used for another request';
  constructor() {
    super('the first request with this Idempotency-Key had another body; use a new key for a new call');
  }
}

/** The body of a problem; `type` is about:blank, so `title` goes with the status. */
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

/** The one place that turns errors into answers. What went wrong inside is logged, and never shown. */
export function problemHandler(log: Logger, internalErrors?: InternalErrors): ErrorRequestHandler {
  // Express tells error handlers by their four parameters.
  return (error: unknown, req, res, _next) => {
    const told = error instanceof TandemError && error.code === STORE_UNAVAILABLE ? new StoreAwayError() : error;
    const problem = toProblem(told);
    const { method, path } = req;
    const request = { method, path, requestId: res.locals['requestId'] as unknown };
    if (problem.status >= 500 && problem.status !== 503) {
      internalErrors?.report(error, { where: 'http request' });
      log.error({ event: 'request-failed', err: error, ...request }, 'request failed');
    } else {
      // 503 is said on purpose: where it comes from in the code is of no interest.
      const level = problem.status === 503 ? 'warn' : 'info';
      log[level](
        { event: 'request-refused', ...request, status: problem.status, detail: messageOf(error) },
        'request refused',
      );
    }
    if (res.headersSent) return void res.destroy();
    send(res, problem, told instanceof ProblemError ? told.headers : {});
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
    title: 'Something went wrong here',
    status: 500,
    detail: 'the request could not be handled; the log of this server says why',
    code: 'internal',
  };
}

function statusOf(error: unknown): number | undefined {
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  return typeof status === 'number' ? status : undefined;
}
