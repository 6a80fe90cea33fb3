/** The UAS core (RFC 3261 8.2): passes requests to their dialog or to the registrar, or creates a call. */
import type { InternalErrors } from '../support/internal-errors';
import type { SipEndpoint } from './accounts';
import type { Authenticator } from './authenticator';
import { dialogIdOf, findByDialog } from './dialog';
import { unknownTags } from './list-values';
import type { SipRequest } from './message';
import type { Registrar } from './registrar';
import { responseTo } from './respond';
import type { InDialogUser } from './session/session';
import { ACCEPT, acceptsDescription, descriptionIn } from './session/description';
import { ALLOW } from './session/session';
import { answerTerms, MIN_SE } from './session/session-timer';
import type { ServerTransaction, TransactionUser } from './transaction/transaction';
import { parseUri } from '../addresses/uri';

export interface UserAgentDeps {
  registrar: Registrar;
  authenticator: Authenticator;
  dialogs: Map<string, InDialogUser>;
  /** Called for an INVITE of an authenticated endpoint. */
  invited(transaction: ServerTransaction, endpoint: SipEndpoint): void;
  cancelled(transaction: ServerTransaction): void;
  internalErrors: InternalErrors;
}

type Handler = (transaction: ServerTransaction) => void;

/** Known methods that are not supported. */
const NOT_ALLOWED = new Set(['PRACK', 'REFER', 'SUBSCRIBE', 'NOTIFY', 'PUBLISH', 'MESSAGE']);
/** Methods that are valid only within a dialog (RFC 3261 15.1.2, RFC 3311 5.2, RFC 6086 4.2.2). */
const WITHIN_DIALOGS = new Set(['BYE', 'UPDATE', 'INFO']);
/** Supported extensions, for `Require`. */
const OPTION_TAGS = new Set(['timer', 'path', 'outbound']);

export function createUserAgent(deps: UserAgentDeps): TransactionUser {
  const { registrar, authenticator, dialogs } = deps;

  const invite: Handler = (transaction) => {
    const { request } = transaction;
    const endpoint = authenticator.authenticate(transaction);
    if (!endpoint) return; // already rejected
    const described = descriptionIn(request);
    if ('unsupported' in described) return refuse(transaction, 415, described.unsupported);
    if (!acceptsDescription(request.headers)) return refuse(transaction, 406);
    if (!answerTerms(request.headers)) return refuse(transaction, 422, ['Min-SE', String(MIN_SE)]);
    deps.invited(transaction, endpoint);
  };

  const options: Handler = (transaction) => {
    const headers: [string, string][] = [
      ['Allow', ALLOW],
      ['Accept', ACCEPT],
      ['Supported', 'timer'],
    ];
    transaction.respond(responseTo(transaction.request, 200, { headers }));
  };

  const handlers: Readonly<Record<string, Handler>> = {
    REGISTER: (transaction) => registrar.register(transaction),
    INVITE: invite,
    OPTIONS: options,
  };

  const withinDialog = (transaction: ServerTransaction): void => {
    const call = findByDialog(dialogs, transaction.request);
    if (call) call.request(transaction);
    else refuse(transaction, 481);
  };

  return {
    request(transaction) {
      const { request } = transaction;
      try {
        // 8.2.2.3. PRACK (100rel) is not supported.
        const unknown = unknownTags(request.headers, OPTION_TAGS);
        if (unknown.length > 0) return refuse(transaction, 420, ['Unsupported', unknown.join(', ')]);
        if (dialogIdOf(request) !== undefined) return withinDialog(transaction);
        const handler = Object.hasOwn(handlers, request.method) ? handlers[request.method] : undefined;
        if (WITHIN_DIALOGS.has(request.method)) return refuse(transaction, 481);
        // 8.2.1, 8.2.2.1
        if (!handler) return refuse(transaction, NOT_ALLOWED.has(request.method) ? 405 : 501, ['Allow', ALLOW]);
        if (!isAddressed(request)) return refuse(transaction, 416);
        handler(transaction);
      } catch (error) {
        // A request that cannot be handled must not affect other calls.
        deps.internalErrors.report(error, { where: 'sip request' });
        refuse(transaction, 500);
      }
    },
    ack(request) {
      findByDialog(dialogs, request)?.ack(request);
    },
    cancel: (transaction) => deps.cancelled(transaction),
  };
}

function isAddressed({ uri }: SipRequest): boolean {
  return parseUri(uri) !== undefined;
}

function refuse(transaction: ServerTransaction, status: number, header?: readonly [string, string]): void {
  transaction.respond(responseTo(transaction.request, status, header ? { headers: [header] } : {}));
}
