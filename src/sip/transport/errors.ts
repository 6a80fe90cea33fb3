import { TandemError } from '../../support/errors';

/** A message cannot be sent: no such transport, no connection, connection closed, or send buffer full. */
export class FlowError extends TandemError {
  readonly code = 'sip-flow';
}
