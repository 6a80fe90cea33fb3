/** Two ends with transactions, dialogs and sessions, connected by a network that uses the fake timers. */
import { strictErrors } from '../../helpers/strict-errors';
import { SdpError } from '../../../src/support/sdp-error';
import { dialogIdOf, findByDialog } from '../../../src/sip/dialog';
import { Headers, type SipMessage, type SipRequest } from '../../../src/sip/message';
import { parseMessage } from '../../../src/sip/parse';
import { printMessage } from '../../../src/sip/print';
import { responseTo } from '../../../src/sip/respond';
import type { Established } from '../../../src/sip/session/established';
import { IncomingCall } from '../../../src/sip/session/incoming-call';
import { OutgoingCall } from '../../../src/sip/session/outgoing-call';
import type { SessionListener, SessionMedia } from '../../../src/sip/session/session';
import { createTransactionLayer } from '../../../src/sip/transaction/layer';
import type { ServerTransaction } from '../../../src/sip/transaction/transaction';
import type { Flow } from '../../../src/sip/transport/transport';
import { createTimers } from '../../../src/support/timers';
import { lossyFlows, type Weather } from '../support/lossy-flows';
import { silentLog as log } from '../../helpers/silent-log';

/** Media with symbolic descriptions: `offer n` is answered with `answer to offer n`. */
function wordyMedia(name: string): SessionMedia & { took: string[]; refuse: boolean } {
  let version = 0;
  const media = {
    took: [] as string[],
    refuse: false,
    offer: () => `offer ${name} ${++version}`,
    takeAnswer(sdp: string) {
      if (media.refuse || sdp === '') throw new SdpError('sdp-not-acceptable', 'no common codec');
      media.took.push(sdp);
    },
    answer(sdp: string) {
      if (media.refuse) throw new SdpError('sdp-not-acceptable', 'no common codec');
      media.took.push(sdp);
      return `answer to ${sdp}`;
    },
  };
  return media;
}

function recorder(): SessionListener & { told: string[] } {
  const told: string[] = [];
  return {
    told,
    ringing: () => told.push('ringing'),
    answered: () => told.push('answered'),
    ended: (status) => told.push(`ended ${status ?? 'BYE'}`),
    dtmf: (digit) => told.push(`dtmf ${digit}`),
  };
}

interface Parts {
  headers?: [string, string][];
  body?: string;
  /** Content-Type. Default: SDP. */
  type?: string;
}

export interface Pair {
  caller: OutgoingCall;
  callerMedia: ReturnType<typeof wordyMedia>;
  callerTold: string[];
  /** Notifications of incoming calls at the callee. */
  callees: {
    call: IncomingCall;
    media: ReturnType<typeof wordyMedia>;
    told: string[];
    transaction: ServerTransaction;
  }[];
  callee(this: void): Pair['callees'][number];
  /** All sent messages. */
  trace: readonly string[];
  /** Number of remaining transactions and dialogs of both ends. */
  leftovers(this: void): number;
  /** The dialogs of each end. */
  dialogs: { caller: Map<string, Established>; callee: Map<string, Established> };
  flows: { left: Flow; right: Flow };
  /** Sends a request from the callee's end within the dialog, unchanged. */
  fromCallee(this: void, method: string, more?: Parts): string[];
  /** Sends a request from the caller's end. */
  fromCaller(this: void, method: string, more?: Parts): string[];
  /** Closes the connection at the callee's end. */
  drop(this: void): void;
  close(this: void): void;
}

export interface PairOptions extends Weather {
  /** What the callee does with the INVITE. Default: rings. */
  onInvite?: (callee: Pair['callees'][number]) => void;
  /** Further headers of the INVITE. */
  inviteHeaders?: Readonly<Record<string, string>>;
  /** Changes messages that the caller's end receives. */
  tamper?: (message: SipMessage) => SipMessage;
  /** Changes the bytes of all messages. Unparsable ones are lost. */
  wire?: (data: Buffer) => Buffer;
}

export function pair(options: PairOptions = {}): Pair {
  const flows = lossyFlows(options);
  let closed: (() => void) | undefined;
  flows.right.onClose = (listener) => {
    closed = listener;
    return () => undefined;
  };
  const timers = createTimers();
  const dialogs = { caller: new Map<string, Established>(), callee: new Map<string, Established>() };
  const callees: Pair['callees'] = [];
  const byTransaction = new Map<ServerTransaction, IncomingCall>();

  const layerOf = (own: Map<string, Established>) => {
    const layer = createTransactionLayer({
      log,
      user: {
        request(transaction) {
          if (dialogIdOf(transaction.request) !== undefined) {
            const call = findByDialog(own, transaction.request);
            if (call) call.request(transaction);
            else transaction.respond(responseTo(transaction.request, 481));
            return;
          }
          const media = wordyMedia('callee');
          const listener = recorder();
          const call = new IncomingCall(transaction, media, listener, {
            layer,
            timers,
            dialogs: own,
            internalErrors: strictErrors,
            log,
          });
          byTransaction.set(transaction, call);
          const callee = { call, media, told: listener.told, transaction };
          callees.push(callee);
          if (options.onInvite) options.onInvite(callee);
          else timers.after(0, () => call.ring()); // asynchronous, as when a port is opened first
        },
        ack(request) {
          findByDialog(own, request)?.ack(request);
        },
        cancel: (transaction) => byTransaction.get(transaction)?.cancelled(),
      },
    });
    return layer;
  };
  const callerLayer = layerOf(dialogs.caller);
  const calleeLayer = layerOf(dialogs.callee);
  const overWire = (message: SipMessage, take: (read: SipMessage) => void): void => {
    if (!options.wire) return take(message);
    const parsed = parseMessage(options.wire(printMessage(message)), 'datagram');
    if (parsed.kind === 'message') take(parsed.message);
  };
  const tamper = options.tamper ?? ((message: SipMessage) => message);
  flows.connect(
    { message: (message, flow) => overWire(tamper(message), (read) => callerLayer.message(read, flow)) },
    { message: (message, flow) => overWire(message, (read) => calleeLayer.message(read, flow)) },
  );

  const callerMedia = wordyMedia('caller');
  const callerListener = recorder();
  const caller = new OutgoingCall(
    {
      target: 'sip:bob@192.0.2.2',
      from: '<sip:alice@atlanta.example.com>',
      to: '<sip:bob@biloxi.example.com>',
      flow: flows.left,
      headers: options.inviteHeaders,
    },
    callerMedia,
    callerListener,
    { layer: callerLayer, timers, dialogs: dialogs.caller, internalErrors: strictErrors, log },
  );
  caller.start();

  const within = (side: 'caller' | 'callee') => {
    const layer = side === 'caller' ? callerLayer : calleeLayer;
    return (method: string, { headers = [], body, type = 'application/sdp' }: Parts = {}): string[] => {
      const answers: string[] = [];
      const [call] = dialogs[side].values();
      if (!call) throw new Error(`no dialog at the ${side}`);
      const content = body === undefined ? undefined : { type, content: body };
      const request = call.dialog.request(method, { headers, body: content });
      layer.request(request, call.dialog.flow, {
        response(response) {
          if (response.status < 200) return;
          const text = response.body.toString();
          answers.push(`${response.status}${text === '' ? '' : ` ${text}`}`);
          if (method === 'INVITE' && response.status < 300)
            layer.ack(call.dialog.ack(cseqOf(request)), call.dialog.flow);
        },
        timeout: () => answers.push('timeout'),
        failed: () => answers.push('failed'),
      });
      return answers;
    };
  };

  return {
    caller,
    callerMedia,
    callerTold: callerListener.told,
    callees,
    callee() {
      const [first] = callees;
      if (!first) throw new Error('no INVITE came');
      return first;
    },
    trace: flows.trace,
    leftovers: () => callerLayer.size + calleeLayer.size + dialogs.caller.size + dialogs.callee.size,
    dialogs,
    flows,
    fromCallee: within('callee'),
    fromCaller: within('caller'),
    drop: () => closed?.(),
    close() {
      timers.close();
      callerLayer.close();
      calleeLayer.close();
    },
  };
}

function cseqOf({ headers }: SipRequest): number {
  return Number.parseInt(headers.get('cseq') ?? '0', 10);
}

/** Copies the message with other headers. */
export function withHeader<M extends SipMessage>(message: M, name: string, value: string | undefined): M {
  return { ...message, headers: new Headers([...message.headers]).set(name, value) };
}
