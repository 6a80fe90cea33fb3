import { TandemError } from '../../support/errors';

/** Nothing can be sent to a peer: there is no such transport, nobody answers, the connection is gone or full. */
export class FlowError extends TandemError {
  readonly code = 'sip-flow';
}
