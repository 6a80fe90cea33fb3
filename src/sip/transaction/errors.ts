/** What `TransactionUser.failed` and `ClientUser.failed` are told. */
import { TandemError } from '../../support/errors';

/** The final response of an INVITE was never acknowledged (timer H). */
export class NoAckError extends TandemError {
  readonly code = 'sip-no-ack';
}

/** The request was not answered in the time in which an answer is of use. */
export class NoResponseError extends TandemError {
  readonly code = 'sip-no-response';
}

/** The connection over which the answer would have come is gone. */
export class ConnectionLostError extends TandemError {
  readonly code = 'sip-connection-lost';
}
