import type { ErrorRequestHandler } from 'express';
import type { InternalErrors } from '../../support/internal-errors';
import type { V1ErrorBody } from '../../v1-wire/errors';
import { ApiError } from '../errors';

/** The one place where failures become answers. What is not the client's fault is an internal error, and the client sees no details. */
export function answerErrors(internalErrors: InternalErrors): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    if (error instanceof ApiError) {
      const { category, code, message, details } = error;
      const body: V1ErrorBody = { category, code, message, details: [...details] };
      response.status(error.status).set(error.headers).json(body);
      return;
    }
    const status = clientStatus(error);
    if (status !== undefined) {
      const body: V1ErrorBody = {
        category: 'bad-request',
        code: 'validation-error',
        message: CLIENT_FAULTS[status] ?? 'The request cannot be read',
        details: [],
      };
      response.status(status).json(body);
      return;
    }
    internalErrors.report(error, { where: 'api request' });
    const body: V1ErrorBody = {
      category: 'unavailable',
      code: 'internal-error',
      message: 'The platform failed; its log says why',
      details: [],
    };
    response.status(500).json(body);
  };
}

const CLIENT_FAULTS: Record<number, string> = {
  400: 'The request cannot be read: the body must be JSON, the path correctly percent-encoded',
  413: 'The body is too large',
  415: 'The encoding of the body is not supported: send UTF-8 JSON',
};

/** express and its body parser put the status on their errors. */
function clientStatus(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error)) return undefined;
  const { status } = error;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}
