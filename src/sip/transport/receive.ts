/** Processes received data of every transport (RFC 3261 18.2.1, RFC 3581 4). */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { canonicalHost } from '../../addresses/uri';
import type { InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import { parseVia } from '../header-values';
import { Headers, type SipRequest } from '../message';
import { parseMessage } from '../parse';
import { responseTo } from '../respond';
import type { TransportLimits } from './limits';
import type { Flow, TransportUser } from './transport';

export interface ReceiveCounts {
  /** Messages passed to the user. */
  messages: number;
  /** Malformed requests. */
  malformed: number;
  /** Data that is not SIP, and malformed responses. */
  dropped: number;
}

/** Processes one datagram, one WebSocket message, or one message of a stream. Never throws. */
export type Receive = (data: Buffer, framing: 'datagram' | 'stream', flow: Flow) => void;

export interface ReceiveDeps {
  user: TransportUser;
  log: Logger;
  internalErrors: InternalErrors;
  limits: Pick<TransportLimits, 'malformedPerSecond'>;
  counts: ReceiveCounts;
}

/** Maximum number of addresses in the budget. Malformed requests of further addresses are not answered. */
const MAX_COUNTED = 10_000;

export function createReceive({ user, log, internalErrors, limits, counts }: ReceiveDeps): Receive {
  const answers = createBudget(limits.malformedPerSecond);
  let loggedAt = -Infinity;
  let unlogged = 0;

  const note = (what: string, reason: string, flow: Flow): void => {
    unlogged++;
    const now = performance.now();
    if (now - loggedAt < 1_000) return;
    log.debug({ event: 'sip-malformed', what, reason, flow: flow.id, count: unlogged }, 'malformed SIP messages');
    loggedAt = now;
    unlogged = 0;
  };

  const take = (data: Buffer, framing: 'datagram' | 'stream', flow: Flow): void => {
    const parsed = parseMessage(data, framing);
    switch (parsed.kind) {
      case 'dropped':
        counts.dropped++;
        note('dropped', parsed.reason, flow);
        return;
      case 'malformed': {
        counts.malformed++;
        note('malformed', parsed.reason, flow);
        const { request, status, reason } = parsed;
        // An ACK is never answered. The rate of other responses is limited.
        if (request.method !== 'ACK' && answers.take(flow.remote.host)) {
          const answer = responseTo(withReceived(request, flow), status, { reason, toTag: statelessTag(request) });
          responseFlow(request, flow).send(answer);
        }
        return;
      }
      case 'message': {
        counts.messages++;
        const { message } = parsed;
        if (message.kind === 'response') return user.message(message, flow);
        const back = responseFlow(message, flow);
        addReceived(message, flow);
        user.message(message, back);
      }
    }
  };

  return (data, framing, flow) => {
    try {
      take(data, framing, flow);
    } catch (error) {
      internalErrors.report(error, { where: 'sip message' });
    }
  };
}

const SIP_PORT = 5060;

/**
 * The flow for responses and for requests to the sender. Over UDP, it leads to the source port if `Via` has `rport`
 * (RFC 3581 4), otherwise to the port in `Via` at the source address (RFC 3261 18.2.2): a phone may send from one port
 * and listen on another. If `Via` has another address than the source, there is a NAT, which does not forward the port
 * in `Via`. Then the flow always leads to the source port.
 */
function responseFlow({ headers }: SipRequest, flow: Flow): Flow {
  if (!flow.toPort) return flow;
  const via = parseVia(headers.get('via') ?? '');
  if (!via || via.params.has('rport')) return flow;
  if (isIP(via.host) !== 0 && canonicalHost(via.host) !== canonicalHost(flow.remote.host)) return flow;
  const port = via.port ?? SIP_PORT;
  return port === 0 || port === flow.remote.port ? flow : flow.toPort(port);
}

const RECEIVED_OR_RPORT = /;[ \t]*(received|rport)[ \t]*(?:=[^;]*)?(?=;|$)/gi;

/**
 * Sets `received` in the top `Via`, and the value of `rport` if the client sent that parameter (RFC 3261 18.2.1,
 * RFC 3581 4). Replaces values that the client sent.
 */
function addReceived(request: SipRequest, flow: Flow): void {
  const via = request.headers.removeFirst('via');
  if (via === undefined) return;
  const { host, port } = flow.remote;
  let asked = false;
  const clean = via.replace(RECEIVED_OR_RPORT, (_stamp, name: string) => {
    asked ||= name.toLowerCase() === 'rport';
    return '';
  });
  // Remove a trailing `;`, which would create an empty parameter.
  request.headers.prepend('via', `${clean.replace(/[;\s]+$/, '')};received=${host}${asked ? `;rport=${port}` : ''}`);
}

function withReceived(request: SipRequest, flow: Flow): SipRequest {
  const copy = { ...request, headers: new Headers(request.headers) };
  addReceived(copy, flow);
  return copy;
}

/** A To tag that is equal for every retransmission (RFC 3261 8.2.7). */
function statelessTag({ headers }: SipRequest): string {
  const text = ['via', 'call-id', 'cseq', 'from'].map((name) => headers.get(name) ?? '').join('\n');
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Limits the responses per second for each address. */
function createBudget(perSecond: number): { take(address: string): boolean } {
  const taken = new Map<string, number>();
  let since = -Infinity;
  return {
    take(address) {
      const now = performance.now();
      if (now - since >= 1_000) {
        taken.clear();
        since = now;
      }
      const count = taken.get(address) ?? 0;
      if (count >= perSecond || (count === 0 && taken.size >= MAX_COUNTED)) return false;
      taken.set(address, count + 1);
      return true;
    },
  };
}
