/** Calls to and from SIP phones: joins a SIP session and a media leg to a line. */
import type { Guarded } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import { messageOf } from '../../support/errors';
import type { HangupCause } from '../../v1-wire/events';
import { checkOffer } from '../../media';
import { PortsExhaustedError } from '../../media/ports';
import { SdpError } from '../../support/sdp-error';
import type { Media } from '../../media/media';
import type { CreatePlayer } from '../../media/player';
import type { SipEndpoint } from '../../sip/accounts';
import type { Domains } from '../resources/domains';
import type { ErrorLog } from '../resources/error-log';
import { DialogError } from '../../sip/dialog';
import type { SipRequest } from '../../sip/message';
import type { Contact } from '../../sip/registrar';
import { responseTo, RETRY_LATER } from '../../sip/respond';
import { offerIn } from '../../sip/session/description';
import { IncomingCall } from '../../sip/session/incoming-call';
import { OutgoingCall } from '../../sip/session/outgoing-call';
import { sessionWithin, type SessionDeps } from '../../sip/session/session';
import type { ServerTransaction } from '../../sip/transaction/transaction';
import { MAX_UDP_REQUEST } from '../../sip/transport';
import type { Flow, Target } from '../../sip/transport/transport';
import { parseUri, printUri, type Uri } from '../../addresses/uri';
import type { Intake } from '../drain';
import { createCallsPerEndpoint } from './calls-per-endpoint';
import { createDialled, type Dialled } from './dialled';
import { isWithheld, presented } from './privacy';
import type { DialRequest, Line, LineListener, Receive } from './line';
import { SipLine } from './sip-line';

export interface SipCallsDeps {
  media: Media;
  session: SessionDeps;
  /** @throws (rejects) if the target is unreachable */
  flowTo(target: Target): Promise<Flow>;
  /** Whether a host name or address is this server. */
  isOwn(host: string): boolean;
  /** Whether calls to SIP URIs of other hosts are allowed. */
  dialUris: boolean;
  createPlayer: CreatePlayer;
  domains: Domains;
  /** Receives calls of phones. */
  receive: Receive;
  intake: Intake;
  /** Maximum of concurrent lines. Further calls are refused with 503. */
  maxLines: number;
  /** Maximum of concurrent calls from one endpoint. Further calls are refused with 486. 0: no limit. */
  callsPerEndpoint: number;
  errors: ErrorLog;
  log: Logger;
}

export interface SipCalls {
  /** Dials one registered phone. */
  dialContact(contact: Contact, endpoint: SipEndpoint, request: DialRequest, listener: LineListener): Line;
  /** Dials a SIP URI that is not an endpoint of the account. */
  dialUri(request: DialRequest, listener: LineListener): Line;
  /** Handles an INVITE outside of a dialog, from an authenticated endpoint. */
  invited(transaction: ServerTransaction, endpoint: SipEndpoint): void;
  /** Maps a URI from a phone of the endpoint to a number or SIP URI, see `Dialled`. */
  meaningOf: Dialled;
  /** Handles the CANCEL of such an INVITE. */
  cancelled(transaction: ServerTransaction): void;
  /** Number of active lines. */
  readonly size: number;
  /** Hangs up all lines. */
  close(): void;
}

/** The addresses of an outgoing INVITE, and its transport flow. */
interface Route {
  /** Request-URI */
  target: string;
  /** SIP URI of `To` */
  to: string;
  /** Domain of numbers in `From`. */
  realm: string;
  flow: () => Promise<Flow>;
  routes?: readonly string[];
}

/** Size of an INVITE without headers of the application, bytes. */
const INVITE_LENGTH = 1_000;

export function createSipCalls(deps: SipCallsDeps): SipCalls {
  const { media, session, domains, receive, maxLines, callsPerEndpoint, errors, log } = deps;
  const lines = new Set<SipLine>();
  const dialledBy = createDialled(domains, (name) => deps.isOwn(name));
  const made = createCallsPerEndpoint(callsPerEndpoint);
  const incoming = new WeakMap<ServerTransaction, () => void>();

  const open = (callId?: string, over?: () => void): SipLine => {
    const line = new SipLine({
      createPlayer: deps.createPlayer,
      log: callId === undefined ? log : log.child({ callId }),
      internalErrors: session.internalErrors,
      callId,
      onEnd: (ended) => {
        lines.delete(ended);
        over?.();
      },
    });
    lines.add(line);
    return line;
  };

  /** Opens a media leg for the line. @returns undefined if there is none available, or if the line has ended */
  const openLeg = async (line: SipLine, { remote }: Flow) => {
    try {
      const leg = await media.open(line.mediaListener, remote.host, line.internalErrors);
      return line.useLeg(leg) ? leg : undefined;
    } catch (error) {
      const exhausted = error instanceof PortsExhaustedError;
      log.error(
        { event: exhausted ? 'rtp-ports-exhausted' : 'media-leg-failed', err: messageOf(error) },
        exhausted ? 'no free RTP port; refusing calls' : 'cannot set up the media of a call',
      );
      return undefined;
    }
  };

  const dial = (line: SipLine, request: DialRequest, route: Route): void => {
    invite(line, request, route).catch((error: unknown) => {
      line.internalErrors.report(error, { where: 'sip invite to a phone' });
    });
  };

  const invite = async (
    line: SipLine,
    request: DialRequest,
    { target, to, realm, flow, routes }: Route,
  ): Promise<void> => {
    let way: Flow;
    try {
      way = await flow();
    } catch (error) {
      log.info({ event: 'sip-target-unreachable', target, err: messageOf(error) }, 'SIP URI unreachable');
      return line.fail('NORMAL_TEMPORARY_FAILURE');
    }
    if (!(await openLeg(line, way))) return line.fail('NORMAL_TEMPORARY_FAILURE');
    const invitation = { target, ...presented(request, realm), to: `<${to}>`, flow: way, routes };
    const call = new OutgoingCall(invitation, line.media, line.session, sessionWithin(session, line.internalErrors));
    line.use({ hangUp: (_status, elsewhere) => call.hangUp(elsewhere) });
    call.start();
  };

  const invited = async (transaction: ServerTransaction, endpoint: SipEndpoint, line: SipLine): Promise<void> => {
    const { request } = transaction;
    let call: IncomingCall;
    try {
      call = new IncomingCall(transaction, line.media, line.session, sessionWithin(session, line.internalErrors));
    } catch (error) {
      if (!(error instanceof DialogError)) throw error;
      line.fail('NORMAL_TEMPORARY_FAILURE'); // removes it from the active lines
      return transaction.respond(responseTo(request, 400));
    }
    incoming.set(
      transaction,
      line.internalErrors.guard('sip cancel', () => call.cancelled()),
    );
    const { media: description } = line;
    const offered = offerIn(request);
    line.use({
      ring: () => call.ring(),
      // Creates the SDP answer only here, as sound starts with it.
      accept: () => call.accept(offered === undefined ? description.offer() : description.answer(offered)),
      hangUp: (status) => call.hangUp(status),
    });
    const leg = await openLeg(line, transaction.flow);
    if (line.ended) return; // cancelled in the meantime
    if (!leg) return refuse(line, 503);
    try {
      if (offered !== undefined) checkOffer(offered);
    } catch (error) {
      if (!(error instanceof SdpError)) throw error;
      return refuse(line, error.status);
    }
    // A call that the platform refuses is forbidden (403), not declined (603).
    line.refuseWith(403);
    const to = dialledBy(request.uri, endpoint);
    if (to === undefined) return refuse(line, 404);
    const { sipUri: from, id: endpointId } = endpoint;
    const privacy = isWithheld(request.headers);
    const accepted = receive({ from, to, endpointId, sipHeaders: headersOf(request), privacy }, line);
    line.refuseWith(undefined);
    if (accepted) line.tell(accepted.listener);
  };

  const refuse = (line: SipLine, status: number): void => {
    line.refuseWith(status);
    line.hangUp('NORMAL_TEMPORARY_FAILURE');
  };

  /** Not 503, after which a phone may avoid the server for a while (RFC 3261 21.5.4). */
  const refuseMore = (transaction: ServerTransaction, endpoint: SipEndpoint): void => {
    const { request } = transaction;
    const { sipUri: from } = endpoint;
    const message = `The endpoint ${from} has reached its limit of ${callsPerEndpoint} concurrent calls`;
    log.warn(
      { event: 'endpoint-call-limit', from, callsPerEndpoint },
      'incoming call refused: the endpoint has SIP_CALLS_PER_ENDPOINT calls',
    );
    const to = dialledBy(request.uri, endpoint) ?? request.uri;
    const details = [
      { name: 'from', value: from },
      { name: 'to', value: to },
    ];
    errors.record({ category: 'limit', code: 'endpoint-call-limit', message, details });
    const headers = [['Warning', `399 ${endpoint.realm} "${message}"`]] as const;
    transaction.respond(responseTo(request, 486, { reason: 'Too Many Calls', headers }));
  };

  /** RFC 3261 18.1.1: uses TCP for a request that may exceed a datagram, unless the URI names UDP or TCP fails. */
  const flowFor = (uri: Uri, { sipHeaders = {} }: DialRequest): Promise<Flow> => {
    const target = targetOf(uri);
    const own = Object.entries(sipHeaders).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
    const isLarge = INVITE_LENGTH + uri.host.length + own > MAX_UDP_REQUEST;
    if (target.transport !== 'UDP' || uri.params.has('transport') || !isLarge) return deps.flowTo(target);
    return deps.flowTo({ ...target, transport: 'TCP' }).catch(() => deps.flowTo(target));
  };

  const failing = (line: SipLine, cause: HangupCause): Guarded<[]> =>
    line.internalErrors.guard('sip line', () => line.fail(cause));

  const tooMany = (): boolean => lines.size >= maxLines;

  return {
    dialContact(contact, endpoint, request, listener) {
      const line = open(request.callId);
      line.tell(listener);
      const { realm, sipUri: to } = endpoint;
      const flow = (): Promise<Flow> => Promise.resolve(contact.flow);
      if (tooMany()) setImmediate(failing(line, 'NORMAL_TEMPORARY_FAILURE'));
      else dial(line, request, { target: contact.uri, to, realm, flow, routes: contact.path });
      return line;
    },
    dialUri(request, listener) {
      const line = open(request.callId);
      line.tell(listener);
      const uri = parseUri(request.to);
      const allowed = uri && deps.dialUris;
      if (uri && !allowed)
        log.warn(
          { event: 'sip-uri-refused', to: request.to },
          'refused to dial a SIP URI of another host; see SIP_DIAL_URIS',
        );
      const cause: HangupCause = allowed ? 'NORMAL_TEMPORARY_FAILURE' : 'UNALLOCATED_NUMBER';
      if (!allowed || tooMany()) setImmediate(failing(line, cause));
      else {
        const to = printUri(uri);
        dial(line, request, {
          target: to,
          to,
          realm: uri.host,
          flow: () => flowFor(uri, request),
        });
      }
      return line;
    },
    invited(transaction, endpoint) {
      if (tooMany() || !deps.intake.open) {
        return transaction.respond(responseTo(transaction.request, 503, { headers: RETRY_LATER }));
      }
      const over = made.begin(endpoint.id);
      if (!over) return refuseMore(transaction, endpoint);
      const line = open(undefined, over);
      invited(transaction, endpoint, line).catch((error: unknown) => {
        if (!incoming.has(transaction)) transaction.respond(responseTo(transaction.request, 500));
        line.internalErrors.report(error, { where: 'sip invite of a phone' });
      });
    },
    meaningOf: dialledBy,
    cancelled: (transaction) => incoming.get(transaction)?.(),
    get size() {
      return lines.size;
    },
    close() {
      for (const line of [...lines]) refuse(line, 503);
    },
  };
}

/** Returns the `X-` headers of a request, at most as many as an application may send. */
function headersOf(request: SipRequest): Record<string, string> | undefined {
  const own = [...request.headers].filter(([name]) => /^X-/i.test(name)).slice(0, 5);
  return own.length > 0 ? Object.fromEntries(own) : undefined;
}

/** Resolves a URI by RFC 3263 without NAPTR and SRV: its port or 5060, its transport or UDP. */
function targetOf({ host, port, params, scheme }: Uri): Target {
  const transport = scheme === 'sips' ? 'TLS' : params.get('transport')?.toLowerCase() === 'tcp' ? 'TCP' : 'UDP';
  return { transport, host, port: port ?? (transport === 'TLS' ? 5061 : 5060) };
}
