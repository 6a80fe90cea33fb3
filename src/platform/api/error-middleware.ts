import type { ErrorRequestHandler } from 'express';
import type { InternalErrors } from '../../support/internal-errors';
import type { V1ErrorBody } from '../../v1-wire/errors';
import { ApiError } from '../errors';

/** Maps errors to responses. Reports internal errors and hides their details from the client. */
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
        message: CLIENT_FAULTS[status] ?? 'Invalid request',
        details: [],
      };
      response.status(status).json(body);
      return;
    }
    internalErrors.report(error, { where: 'api request' });
    const body: V1ErrorBody = {
      category: 'unavailable',
      code: 'internal-error',
      message: 'Internal server error: see the log of the platform',
      details: [],
    };
    response.status(500).json(body);
  };
}

const CLIENT_FAULTS: Record<number, string> = {
  400: 'Invalid request: the body must be JSON, and the path must be percent-encoded',
  413: 'The body is too large',
  415: 'Unsupported encoding of the body: send UTF-8 JSON',
};

/** Returns the status that Express or its body parser has set on an error. */
function clientStatus(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error)) return undefined;
  const { status } = error;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}
