/** What a SIP call needs of its surroundings, and what it tells. */
import type { InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import { timersWithin, type Timers } from '../../support/timers';
import type { SipRequest, SipResponse } from '../message';
import type { Contact } from '../registrar';
import type { ClientUser, ServerTransaction, TransactionLayer } from '../transaction/transaction';

/** The session description of a call, negotiated as often as either end asks (RFC 3264). */
export interface SessionMedia {
  offer(): string;
  /** @throws SdpError */
  takeAnswer(sdp: string): void;
  /** @throws SdpError: the offer is refused with its status */
  answer(sdp: string): string;
}

export interface SessionListener {
  /** Outgoing: the far end rings. */
  ringing(): void;
  /** Outgoing: the far end answered. Incoming: it acknowledged the answer. */
  answered(): void;
  /**
   * It is over, and not by `hangUp`; once, the last one.
   * @param status of the final response that ended it, or that would say why; undefined: BYE
   * @param forwardedTo URIs of a 3xx, the best first
   */
  ended(status: number | undefined, forwardedTo?: readonly string[]): void;
  /** The far end pressed a key, and said so with INFO. */
  dtmf(digit: string): void;
}

/** Takes the requests within a dialog. */
export interface InDialogUser {
  request(transaction: ServerTransaction): void;
  ack(request: SipRequest): void;
}

export interface SessionDeps {
  layer: Pick<TransactionLayer, 'request' | 'ack'>;
  timers: Timers;
  /** What callbacks throw: of one call, where they come from `sessionWithin`. */
  internalErrors: InternalErrors;
  /** Where requests within a dialog are looked up. */
  dialogs: Map<string, InDialogUser>;
  /**
   * Where a far end is now whose connection is gone: a phone that has registered anew.
   * @param remote name-addr of the far end
   * @param target its `Contact` in the dialog
   */
  reconnected?(remote: string, target: string): Pick<Contact, 'flow' | 'uri'> | undefined;
  log: Logger;
}

/** The surroundings of one call: what its callbacks throw is an error of that call. */
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

/** What user agents here understand (RFC 3261 20.5). */
export const ALLOW = 'INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO, REGISTER';
export const SDP = 'application/sdp';
export const SOFTWARE = 'Tandem';

/** Headers of INVITE and UPDATE, and of their 2xx. */
export const CAPABILITIES: readonly (readonly [string, string])[] = [
  ['Allow', ALLOW],
  ['Supported', 'timer'],
];

/** Waits for the answer to a BYE: whatever comes back, the call is over. */
export const NOBODY: ClientUser = {
  response: () => undefined,
  timeout: () => undefined,
  failed: () => undefined,
};
