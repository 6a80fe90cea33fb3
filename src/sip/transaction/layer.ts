/**
 * The transaction layer (RFC 3261 17). Matches messages to transactions and creates new ones. Handles what spans two
 * transactions: ACK (17.1.1.3, 13.3.1.4), CANCEL (9), and copies of a request that arrive on several paths (8.2.2.2).
 */
import { createInternalErrors, type InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import type { SipMessage, SipRequest, SipResponse } from '../message';
import { responseTo } from '../respond';
import type { Flow, TransportUser } from '../transport/transport';
import type { AnyClient } from './client-machine';
import { createInviteClient, type InviteClientDeps } from './invite-client';
import { createInviteServer } from './invite-server';
import { ackFits, clientKey, clientKeyOf, mergeKeyOf, serverKeyOf } from './matching';
import { createNonInviteClient } from './non-invite-client';
import { createNonInviteServer } from './non-invite-server';
import { createOverload, DEFAULT_LIMITS, type Limits } from './overload';
import { newBranch, withVia } from './requests';
import type { AnyServer, ServerDeps } from './server-machine';
import { createTimerQueues } from './timer-queues';
import { DEFAULT_TIMING, durations, type Durations, type Timing } from './timing';
import type { ClientUser, ServerTransaction, TransactionLayer, TransactionUser } from './transaction';

export interface TransactionLayerOptions {
  user: TransactionUser;
  log: Logger;
  /** Reports exceptions that do not belong to a call. */
  internalErrors?: InternalErrors;
  timing?: Timing;
  limits?: Partial<Limits>;
}

/** `receive` is an alias of `message`, which transports call. */
export interface RunningTransactionLayer extends TransactionLayer, TransportUser {
  receive(message: SipMessage, flow: Flow): void;
}

export function createTransactionLayer(options: TransactionLayerOptions): RunningTransactionLayer {
  const { user, log, timing = DEFAULT_TIMING } = options;
  const { internalErrors = createInternalErrors(log) } = options;
  const timers = createTimerQueues((error) => internalErrors.report(error, { where: 'sip transaction timer' }));
  const overload = createOverload({ ...DEFAULT_LIMITS, ...options.limits }, log);
  const clients = new Map<string, AnyClient>();
  const servers = new Map<string, AnyServer>();
  /** INVITEs by merge key, until they are rejected or terminated. */
  const merges = new Map<string, AnyServer>();
  /** Server transactions without a final response. */
  let waiting = 0;
  let closed = false;

  const unreliable = durations(timing, false);
  const reliable = durations(timing, true);
  const clientDepsOf = depsByFlow((durations): InviteClientDeps => ({
    timers,
    durations,
    log,
    internalErrors,
    over: forgetClient,
    sendCancel,
  }));
  const serverDepsOf = depsByFlow((durations): ServerDeps => ({
    timers,
    durations,
    settled,
    over: forgetServer,
    failed,
    ack: acknowledged,
  }));

  function depsByFlow<Deps>(make: (durations: Durations) => Deps): (flow: Flow) => Deps {
    const overReliable = make(reliable);
    const overUnreliable = make(unreliable);
    return (flow) => (flow.reliable ? overReliable : overUnreliable);
  }

  // Client transactions

  /** @param request the request with its `Via` */
  function begin(key: string, request: SipRequest, flow: Flow, clientUser: ClientUser): AnyClient {
    const create = request.method === 'INVITE' ? createInviteClient : createNonInviteClient;
    const client = create({ key, request, flow, user: clientUser }, clientDepsOf(flow));
    clients.set(key, client);
    client.start();
    return client;
  }

  function forgetClient(key: string): void {
    clients.delete(key);
  }

  /** The result of the CANCEL is ignored: the INVITE has its own timer. */
  function sendCancel(cancel: SipRequest, flow: Flow): void {
    const key = clientKeyOf(cancel);
    if (key !== undefined)
      begin(key, cancel, flow, { response: () => undefined, timeout: () => undefined, failed: () => undefined });
  }

  // Received messages

  function receive(message: SipMessage, flow: Flow): void {
    if (closed) return;
    if (message.kind === 'response') receiveResponse(message);
    else if (message.method === 'ACK') receiveAck(message, flow);
    else receiveRequest(message, flow);
  }

  /** A response without a transaction is dropped, even a 2xx to an INVITE (RFC 6026 7.2). */
  function receiveResponse(response: SipResponse): void {
    const key = clientKeyOf(response);
    const client = key === undefined ? undefined : clients.get(key);
    if (client) client.receive(response);
    else log.debug({ event: 'sip-response-stray', status: response.status, key }, 'response without a transaction');
  }

  function receiveAck(ack: SipRequest, flow: Flow): void {
    const key = serverKeyOf(ack, 'INVITE');
    const server = key === undefined ? undefined : servers.get(key);
    if (server && ackFits(ack, server.toTag)) server.receive(ack);
    else acknowledged(ack, flow);
  }

  function receiveRequest(request: SipRequest, flow: Flow): void {
    const key = serverKeyOf(request, request.method);
    if (key === undefined)
      return log.debug({ event: 'sip-via-malformed', flow: flow.id }, 'request without a readable Via');
    const known = servers.get(key);
    if (known) {
      overload.repeated();
      return known.receive(request);
    }

    const refusal = overload.refusal(request, waiting, servers.size);
    if (refusal) return flow.send(refusal);

    const server = serve(key, request, flow);
    if (request.method === 'CANCEL') return cancelled(request, server);
    if (server.mergeKey !== undefined && merges.get(server.mergeKey) !== server)
      return server.transaction?.respond(responseTo(request, 482));
    announce(request, server);
  }

  function serve(key: string, request: SipRequest, flow: Flow): AnyServer {
    const mergeKey = mergeKeyOf(request);
    const create = request.method === 'INVITE' ? createInviteServer : createNonInviteServer;
    const server = create({ key, mergeKey, request, flow }, serverDepsOf(flow));
    servers.set(key, server);
    waiting++;
    if (mergeKey !== undefined && !merges.has(mergeKey)) merges.set(mergeKey, server);
    server.start();
    return server;
  }

  /** Responds with 200 even if the CANCEL is too late (RFC 3261 9.2), with the To tag of the INVITE's responses. */
  function cancelled(cancel: SipRequest, own: AnyServer): void {
    const key = serverKeyOf(cancel, 'INVITE');
    const invite = key === undefined ? undefined : servers.get(key);
    const toTag = invite?.toTag;
    own.transaction?.respond(responseTo(cancel, invite ? 200 : 481, toTag === undefined ? {} : { toTag }));
    const transaction = invite?.waiting ? invite.transaction : undefined;
    if (transaction) guarded(() => user.cancel(transaction));
  }

  function announce(request: SipRequest, server: AnyServer): void {
    const { transaction } = server;
    if (transaction && !guarded(() => user.request(transaction))) transaction.respond(responseTo(request, 500));
    server.announced();
  }

  function acknowledged(ack: SipRequest, flow: Flow): void {
    guarded(() => user.ack(ack, flow));
  }

  // Callbacks of server transactions

  function settled(server: AnyServer, status: number | undefined): void {
    waiting--;
    if (status === undefined || status >= 300) forgetMerge(server);
  }

  function forgetServer(server: AnyServer): void {
    forgetMerge(server);
    servers.delete(server.key);
  }

  function forgetMerge(server: AnyServer): void {
    if (server.mergeKey !== undefined && merges.get(server.mergeKey) === server) merges.delete(server.mergeKey);
  }

  function failed(transaction: ServerTransaction, error: Error): void {
    guarded(() => user.failed?.(transaction, error));
  }

  /** An exception of the user must not reach the socket or the timer. @returns false if the user threw */
  function guarded(call: () => void): boolean {
    try {
      call();
      return true;
    } catch (error) {
      internalErrors.report(error, { where: 'sip transaction user' });
      return false;
    }
  }

  return {
    request(request, flow, clientUser) {
      const branch = newBranch();
      const sent = withVia(request, flow, branch);
      if (closed) return { request: sent, cancel: () => undefined };
      const client = begin(clientKey(request.method, branch), sent, flow, clientUser);
      return { request: sent, cancel: (reason) => client.cancel(reason) };
    },
    ack(request, flow) {
      flow.send(withVia(request, flow, newBranch()), (err) =>
        log.debug({ event: 'sip-ack-not-sent', err }, 'ACK could not be sent'),
      );
    },
    get size() {
      return clients.size + servers.size;
    },
    receive,
    message: receive,
    close() {
      closed = true;
      timers.close();
      for (const machine of [...clients.values(), ...servers.values()]) machine.end();
      clients.clear();
      servers.clear();
      merges.clear();
    },
  };
}
