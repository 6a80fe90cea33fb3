/** Errors passed to `TransactionUser.failed` and `ClientUser.failed`. */
import { TandemError } from '../../support/errors';

/** The final response to an INVITE was not acknowledged (timer H). */
export class NoAckError extends TandemError {
  readonly code = 'sip-no-ack';
}

/** The user did not answer a request before the client gave up. */
export class NoResponseError extends TandemError {
  readonly code = 'sip-no-response';
}

/** The connection closed before the response arrived. */
export class ConnectionLostError extends TandemError {
  readonly code = 'sip-connection-lost';
}
