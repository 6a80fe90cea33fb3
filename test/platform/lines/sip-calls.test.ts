/** Failures below a SIP line. Successful calls are in phones.test.ts. */
import { createInternalErrors } from '../../../src/support/internal-errors';
import { strictErrors } from '../../helpers/strict-errors';
import { createSipCalls, type SipCallsDeps } from '../../../src/platform/lines/sip-calls';
import { SipLine } from '../../../src/platform/lines/sip-line';
import type { LineListener } from '../../../src/platform/lines/line';
import type { MediaLeg } from '../../../src/media/media';
import type { Endpoint } from '../../../src/platform/resources/domains';
import type { Contact } from '../../../src/sip/registrar';
import type { SipResponse } from '../../../src/sip/message';
import { printMessage } from '../../../src/sip/print';
import type { Target, TransportName } from '../../../src/sip/transport/transport';
import { createTimers } from '../../../src/support/timers';
import { answer, incoming, scene } from '../../sip/transaction/scene';
import { silentLog as log } from '../../helpers/silent-log';

const endpoint = { id: 'e-1', realm: 'biloxi.example.com', sipUri: 'sip:bob@biloxi.example.com' } as Endpoint;
const request = { callId: 'c-1', from: '+15550001111', to: endpoint.sipUri };

function leg(offer: () => string): MediaLeg {
  const party = { write: () => undefined, pipeTo: () => undefined, tap: () => undefined };
  return {
    party,
    held: false,
    offer,
    takeAnswer: () => undefined,
    answer: () => '',
    sendDtmf: () => undefined,
    close: () => undefined,
  };
}

function calls(offer: () => string, unreachable: TransportName[] = [], more: Partial<SipCallsDeps> = {}) {
  const { layer, flow } = scene();
  const asked: string[] = [];
  const timers = createTimers();
  const deps = {
    media: { open: () => Promise.resolve(leg(offer)), size: 0, close: () => Promise.resolve() },
    session: { layer, timers, dialogs: new Map(), internalErrors: createInternalErrors(log), log },
    flowTo: ({ transport, host, port }: Target) => {
      asked.push(`${transport} ${host}:${port}`);
      return unreachable.includes(transport) ? Promise.reject(new Error('nobody answers')) : Promise.resolve(flow);
    },
    isOwn: () => false,
    dialUris: true,
    createPlayer: () => ({ play: () => undefined, stop: () => undefined, abandon: () => undefined }),
    receive: () => undefined,
    intake: { open: true },
    maxLines: 10,
    callsPerEndpoint: 0,
    log,
    ...more,
  } as unknown as SipCallsDeps;
  const contact = { uri: 'sip:bob@198.51.100.7', flow, path: [] } as unknown as Contact;
  const notifications: string[] = [];
  const listener = {
    ringing: () => notifications.push('ringing'),
    ended: (cause: string) => notifications.push(`ended ${cause}`),
  } as unknown as LineListener;
  const sipCalls = createSipCalls(deps);
  const close = (): void => {
    timers.close();
    layer.close();
  };
  return { sipCalls, layer, flow, contact, listener, notifications, asked, close };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it.each(['a contact', 'a URI elsewhere'])(
  'an INVITE to %s that cannot be made ends the call, and nothing else',
  async (whom) => {
    const made = calls(() => {
      throw new Error('no offer today');
    });
    if (whom === 'a contact') made.sipCalls.dialContact(made.contact, endpoint, request, made.listener);
    else made.sipCalls.dialUri({ ...request, to: 'sip:jo@elsewhere.example.com' }, made.listener);
    expect(made.sipCalls.size).toBe(1);
    await settle();
    expect(made.notifications).toEqual(['ended NORMAL_TEMPORARY_FAILURE']);
    expect(made.sipCalls.size).toBe(0);
    expect(made.flow.names).toEqual([]);
    made.close();
  },
);

it('an incoming INVITE that cannot be handled is refused, and leaves no line', async () => {
  const receive = (): never => {
    throw new Error('no room');
  };
  const domains = { endpointBySipUri: () => undefined } as unknown as SipCallsDeps['domains'];
  const made = calls(() => 'v=0', [], { receive, domains, callsPerEndpoint: 1 });
  const statuses: number[] = [];
  for (const tag of ['a', 'b']) {
    const invite = incoming('INVITE', {
      contact: '<sip:alice@198.51.100.7>',
      from: `<sip:alice@atlanta.example.com>;tag=${tag}`,
    });
    const respond = ({ status }: SipResponse): number => statuses.push(status);
    made.sipCalls.invited({ request: invite, flow: made.flow, respond }, endpoint);
    await settle();
    expect(made.sipCalls.size).toBe(0);
  }
  expect(statuses).toEqual([500, 500]);
  made.close();
});

it.each([
  ['elsewhere' as const, 'SIP;cause=200;text="Call completed elsewhere"'],
  [undefined, undefined],
])('a ringing phone is cancelled (%s): Reason %s', async (elsewhere, reason) => {
  const made = calls(() => 'v=0');
  const line = made.sipCalls.dialContact(made.contact, endpoint, request, made.listener);
  await settle();
  made.layer.receive(answer(made.flow.request('INVITE'), 180), made.flow);
  expect(made.notifications).toEqual(['ringing']);
  line.hangUp('ORIGINATOR_CANCEL', elsewhere);
  expect(made.flow.request('CANCEL').headers.get('reason')).toBe(reason);
  expect(made.notifications).toEqual(['ringing']);
  made.close();
});

describe('another URI, with an INVITE that may exceed a datagram (RFC 3261 18.1.1)', () => {
  const sipHeaders = { 'X-Long': 'x'.repeat(400) };
  const sdp = `v=0\r\n${'a=rtpmap:101 telephone-event/8000\r\n'.repeat(8)}`;

  it.each<[string, Record<string, string> | undefined, TransportName[], string[]]>([
    ['sip:jo@elsewhere.example.com', sipHeaders, [], ['TCP elsewhere.example.com:5060']],
    [
      'sip:jo@elsewhere.example.com',
      sipHeaders,
      ['TCP'],
      ['TCP elsewhere.example.com:5060', 'UDP elsewhere.example.com:5060'],
    ],
    ['sip:jo@elsewhere.example.com;transport=udp', sipHeaders, [], ['UDP elsewhere.example.com:5060']],
    ['sip:jo@elsewhere.example.com', undefined, [], ['UDP elsewhere.example.com:5060']],
  ])('%s: %#', async (to, headers, unreachable, ways) => {
    const made = calls(() => sdp, unreachable);
    made.sipCalls.dialUri({ ...request, to, sipHeaders: headers }, made.listener);
    await settle();
    expect(made.asked).toEqual(ways);
    // The estimated size is not less than the sent one.
    const { length } = printMessage(made.flow.request('INVITE'));
    expect(length).toBeLessThan(1_000 + (headers === undefined ? 0 : 450));
    made.close();
  });
});

it('a key pressed before the call is up does not count', () => {
  const notifications: string[] = [];
  const line = new SipLine({
    internalErrors: strictErrors,
    createPlayer: () => ({ play: () => undefined, stop: () => undefined, abandon: () => undefined }),
    log,
    onEnd: () => undefined,
  });
  line.tell({
    answered: () => notifications.push('answered'),
    dtmf: (digit: string) => notifications.push(digit),
  } as unknown as LineListener);
  line.session.dtmf('1');
  line.session.answered();
  line.session.dtmf('2');
  expect(notifications).toEqual(['answered', '2']);
});
