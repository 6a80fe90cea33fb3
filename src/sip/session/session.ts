/** Interfaces between a SIP call and its environment. */
import type { InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import { timersWithin, type Timers } from '../../support/timers';
import type { SipRequest, SipResponse } from '../message';
import type { Contact } from '../registrar';
import type { ClientUser, ServerTransaction, TransactionLayer } from '../transaction/transaction';

/** Negotiates the session description of a call, initially and whenever either end requests it (RFC 3264). */
export interface SessionMedia {
  offer(): string;
  /** @throws SdpError */
  takeAnswer(sdp: string): void;
  /** @throws SdpError The offer must be rejected with its `status`. */
  answer(sdp: string): string;
}

export interface SessionListener {
  /** Outgoing calls: the far end is ringing. */
  ringing(): void;
  /** Outgoing calls: the far end has answered. Incoming calls: it has acknowledged the answer. */
  answered(): void;
  /**
   * The call has ended, but not by `hangUp`. Called once. No other callback follows.
   * @param status status of the final response, or one that gives the reason; undefined for BYE
   * @param forwardedTo URIs of a 3xx, by preference
   */
  ended(status: number | undefined, forwardedTo?: readonly string[]): void;
  /** The far end has sent a key with INFO. */
  dtmf(digit: string): void;
}

/** Handles the requests within a dialog. */
export interface InDialogUser {
  request(transaction: ServerTransaction): void;
  ack(request: SipRequest): void;
}

export interface SessionDeps {
  layer: Pick<TransactionLayer, 'request' | 'ack'>;
  timers: Timers;
  /** Reports exceptions of callbacks. `sessionWithin` replaces it with that of one call. */
  internalErrors: InternalErrors;
  /** Established calls by dialog id. */
  dialogs: Map<string, InDialogUser>;
  /**
   * Finds the new contact of a phone whose connection has closed and that has registered again.
   * @param remote name-addr of the far end
   * @param target `Contact` of the far end in the dialog
   */
  reconnected?(remote: string, target: string): Pick<Contact, 'flow' | 'uri'> | undefined;
  log: Logger;
}

/** The dependencies of one call: exceptions of its callbacks are reported as errors of that call. */
export function sessionWithin(deps: SessionDeps, internalErrors: InternalErrors): SessionDeps {
  const { layer, timers } = deps;
  const guarded = (user: ClientUser): ClientUser => ({
    response: internalErrors.guard('sip response', (response: SipResponse) => user.response(response)),
    timeout: internalErrors.guard('sip timeout', () => user.timeout()),
    failed: internalErrors.guard('sip send', (error: Error) => user.failed(error)),
  });
  return {
    ...deps,
    internalErrors,
    timers: timersWithin(timers, internalErrors),
    layer: {
      request: (request, flow, user) => layer.request(request, flow, guarded(user)),
      ack: (request, flow) => layer.ack(request, flow),
    },
  };
}

/** Supported methods (RFC 3261 20.5). */
export const ALLOW = 'INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO, REGISTER';
export const SDP = 'application/sdp';
export const SOFTWARE = 'Tandem';

/** Headers of INVITE and UPDATE, and of their 2xx. */
export const CAPABILITIES: readonly (readonly [string, string])[] = [
  ['Allow', ALLOW],
  ['Supported', 'timer'],
];

/** Ignores the result of a request, for example of BYE: the call has ended in any case. */
export const NOOP_USER: ClientUser = {
  response: () => undefined,
  timeout: () => undefined,
  failed: () => undefined,
};
