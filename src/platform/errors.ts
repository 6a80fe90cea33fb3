/** Errors of the v1 API. `api/error-middleware.ts` maps them to HTTP. Codes: docs/v1-api.md. */
import { TandemError } from '../support/errors';
import { ERROR_CODES } from '../v1-wire/errors';

export interface ErrorDetail {
  name: string;
  value: string;
}

export abstract class ApiError extends TandemError {
  abstract readonly status: number;
  abstract readonly category: string;

  constructor(
    message: string,
    readonly details: readonly ErrorDetail[] = [],
  ) {
    super(message);
  }

  /** Header fields of the response. */
  get headers(): Record<string, string> {
    return {};
  }
}

/** A field is missing or invalid. The message names it. */
export class ValidationError extends ApiError {
  readonly status = 400;
  readonly category = 'bad-request';
  readonly code = 'validation-error';
}

export class CallbackUrlInvalidError extends ApiError {
  readonly status = 400;
  readonly category = 'bad-request';
  readonly code = 'callback-url-invalid';
}

/** The number, domain or endpoint name exists already. Not 409, which clients retry. */
export class AlreadyExistsError extends ApiError {
  readonly status = 400;
  readonly category = 'bad-request';

  constructor(
    readonly code: 'number-already-allocated' | 'domain-already-exists' | 'endpoint-already-exists',
    message: string,
  ) {
    super(message);
  }
}

/** The account has reached a limit. */
export class QuotaError extends ApiError {
  readonly status = 403;
  readonly category = 'limit';

  constructor(
    readonly code: 'domain-limit-reached' | 'media-limit-reached',
    message: string,
  ) {
    super(message);
  }
}

/** An upload exceeds the maximum size of a file. */
export class MediaTooLargeError extends ApiError {
  readonly status = 413;
  readonly category = 'bad-request';
  readonly code = 'media-too-large';
}

/** The state of the call or bridge does not allow the command. */
export class InvalidStateError extends ApiError {
  readonly status = 400;
  readonly category = 'bad-request';

  constructor(
    readonly code: 'call-invalid-state' | 'bridge-invalid-state',
    message: string,
  ) {
    super(message);
  }
}

/**
 * An update of a call that has ended. The documentation only says that it is refused. 409, as usually both ends hang up
 * at once. The code differs from `call-update-conflict`, as a retry cannot succeed.
 */
export class CallEndedError extends ApiError {
  readonly status = 409;
  readonly category = 'conflict';
  readonly code = 'call-invalid-state';

  constructor(callId: string) {
    super(`The call ${callId} has ended`);
  }
}

export class AlreadyBridgedError extends ApiError {
  readonly status = 400;
  readonly category = 'bad-request';
  readonly code = ERROR_CODES.bridgeBridgedCall;
}

export class BridgeOverflowError extends ApiError {
  readonly status = 403;
  readonly category = 'forbidden';
  readonly code = 'bridge-callIds-overflow';
}

export type ResourceKind =
  | 'application'
  | 'bridge'
  | 'call'
  | 'conference'
  | 'domain'
  | 'endpoint'
  | 'error'
  | 'event'
  | 'gather'
  | 'media'
  | 'number'
  | 'phone'
  | 'recording'
  | 'sandbox-call';

export class NotFoundError extends ApiError {
  readonly status = 404;
  readonly category = 'not-found';
  readonly code: `${ResourceKind}-not-found`;

  constructor(kind: ResourceKind, id: string, remedy?: string) {
    super(`The ${kind} ${id} was not found${remedy === undefined ? '' : `: ${remedy}`}`);
    this.code = `${kind}-not-found`;
  }
}

export class UnknownRouteError extends ApiError {
  readonly status = 404;
  readonly category = 'not-found';
  readonly code = 'resource-not-found';
}

/** `from` is not a number of the account. */
export class NumberAccessDeniedError extends ApiError {
  readonly status = 403;
  readonly category = 'forbidden';
  readonly code = 'number-access-denied';
}

/** A browser request from a page of another site. */
export class ForeignOriginError extends ApiError {
  readonly status = 403;
  readonly category = 'forbidden';

  constructor(
    readonly code: 'cross-site-request' | 'origin-not-allowed' | 'host-not-allowed',
    message: string,
  ) {
    super(message);
  }
}

export class UnsupportedMediaTypeError extends ApiError {
  readonly status = 415;
  readonly category = 'bad-request';
  readonly code = 'unsupported-media-type';

  constructor(contentType: string | undefined) {
    super(`Content-Type must be application/json (got ${contentType ?? 'none'})`);
  }
}

export class UnauthorizedError extends ApiError {
  readonly status = 401;
  readonly category = 'authentication';
  readonly code = 'invalid-credentials';

  override get headers(): Record<string, string> {
    return { 'WWW-Authenticate': 'Basic realm="v1 voice API", charset="UTF-8"' };
  }
}

/** Correct credentials, but the resources of another user. The documentation lists it under 401. */
export class UserAccessDeniedError extends ApiError {
  readonly status = 401;
  readonly category = 'authorization';
  readonly code = 'user-access-denied';
}

/** More than one new call a second from one number, as the average of ten seconds. */
export class CallRateLimitError extends ApiError {
  readonly status = 403;
  readonly category = 'limit';
  readonly code = ERROR_CODES.callRateLimit;
}

/** A new call while the platform shuts down. `call-unavailable` is the code of v1 for a retry. */
export class ShuttingDownError extends ApiError {
  readonly status = 503;
  readonly category = 'unavailable';
  readonly code = ERROR_CODES.callUnavailable;

  constructor() {
    super('Platform is shutting down and accepts no new calls: retry later');
  }

  override get headers(): Record<string, string> {
    return { 'Retry-After': '5' };
  }
}

/** The client's address sent wrong credentials too often. */
export class TooManyFailuresError extends ApiError {
  readonly status = 429;
  readonly category = 'limit';
  readonly code = 'too-many-failures';

  constructor(private readonly seconds: number) {
    super(`This address sent wrong credentials too often: try again in ${seconds} s`);
  }

  override get headers(): Record<string, string> {
    return {
      'Retry-After': String(this.seconds),
      'X-RateLimit-Reset': String(Date.now() + this.seconds * 1_000),
    };
  }
}

export class TooManyRequestsError extends ApiError {
  readonly status = 429;
  readonly category = 'limit';
  readonly code = ERROR_CODES.rateLimitReached;

  /** @param resetAt time at which requests are allowed again, epoch ms */
  constructor(private readonly resetAt: number) {
    super('Too many requests: wait until the time in X-RateLimit-Reset');
  }

  override get headers(): Record<string, string> {
    return { 'X-RateLimit-Reset': String(this.resetAt) };
  }
}
