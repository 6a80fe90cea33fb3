/**
 * After a phone's TCP connection has closed, the registrar connects to the listener in its contact, if there is one.
 */
import { setImmediate } from 'node:timers/promises';
import type { Address } from '../../../src/sip/transport/transport';
import { AOR, flowFrom, REALM, world, type FakeFlow, type World } from './phone';

const HOST = '192.0.2.201';
const LISTENER = `sip:bob@${HOST}:5060;transport=tcp`;
const DROPPED = (uri: string): string => `offline ${uri} connection closed`;

let w: World;
let connect: (listener: Address) => Promise<FakeFlow>;
let asked: Address[];
let now: number;
beforeEach(() => {
  asked = [];
  now = 1_000_000;
  connect = ({ host, port }) => Promise.resolve(flowFrom(host, port, 'TCP'));
  w = world({
    open: true,
    now: () => now,
    connect: (listener) => {
      asked.push(listener);
      return connect(listener);
    },
  });
});
afterEach(() => w.registrar.close());

let cseq = 0;
function register(contact: string, flow: FakeFlow, headers: string[] = []): void {
  w.register(
    `
REGISTER sip:${REALM} SIP/2.0
Via: SIP/2.0/TCP ${HOST}:5060;branch=z9hG4bK${++cseq}
From: <${AOR}>;tag=a73kszlfl
To: <${AOR}>
Call-ID: one
CSeq: ${cseq} REGISTER
${[`Contact: ${contact}`, ...headers].map((line) => `${line}\n`).join('')}Content-Length: 0

`,
    flow,
  );
}
const contacts = () => w.registrar.contactsOf(w.bob.id);
const connection = (host = HOST, port = 40_000): FakeFlow => flowFrom(host, port, 'TCP');

it('stays registered over the new connection, without notification', async () => {
  const tcp = connection();
  register(`<${LISTENER}>`, tcp);
  const [before] = contacts();
  tcp.close();
  await setImmediate();
  expect(asked).toEqual([{ host: HOST, port: 5060 }]);
  expect(contacts()).toEqual([{ ...before, flow: expect.objectContaining({ remote: { host: HOST, port: 5060 } }) }]);
  expect(w.told).toEqual([`online ${LISTENER}`]);
});

it('goes offline if nothing listens', async () => {
  connect = () => Promise.reject(new Error('ECONNREFUSED'));
  const tcp = connection();
  register(`<${LISTENER}>`, tcp);
  tcp.close();
  expect(contacts()).toEqual([]); // not callable while connecting
  await setImmediate();
  expect(w.told.at(-1)).toBe(DROPPED(LISTENER));
});

it.each([
  ['asked for its flow only (ob)', `<${LISTENER};ob>`, HOST],
  ['asked for its flow only (reg-id)', `<${LISTENER}>;+sip.instance="<urn:uuid:1>";reg-id=1`, HOST],
  ['is behind a NAT', `<sip:bob@192.168.1.2:5060;transport=tcp>`, HOST],
  ['names the port of the connection', `<sip:bob@${HOST}:40000;transport=tcp>`, HOST],
  ['names another host', `<sip:bob@127.0.0.1:22;transport=tcp>`, HOST],
  ['names another transport', `<sip:bob@${HOST}:5060>`, HOST],
])('a phone that %s goes offline at once', (_, contact, host) => {
  const tcp = connection(host);
  register(contact, tcp);
  tcp.close();
  expect(asked).toEqual([]);
  expect(w.told.at(-1)).toMatch(/^offline .* connection closed$/);
});

it('reconnects again if the phone closes the new connection, but not if it closes each one at once', async () => {
  const made: FakeFlow[] = [];
  connect = ({ host, port }) => {
    made.push(connection(host, port));
    return Promise.resolve(made.at(-1)!);
  };
  const tcp = connection();
  register(`<${LISTENER}>`, tcp);
  tcp.close();
  await setImmediate();
  now += 60_000;
  made[0]!.close();
  await setImmediate();
  expect(contacts()).toMatchObject([{ flow: { id: made[1]!.id } }]);
  now += 1_000;
  made[1]!.close();
  await setImmediate();
  expect([asked.length, contacts(), w.told.at(-1)]).toEqual([2, [], DROPPED(LISTENER)]);
});

it('respects a new registration, a revocation, and close while connecting', async () => {
  const pending: ((flow: FakeFlow) => void)[] = [];
  connect = () => new Promise((resolve) => pending.push(resolve));
  const [one, two] = [connection(), connection(HOST, 40_001)];
  register(`<${LISTENER}>`, one);
  one.close();
  register(`<${LISTENER}>`, two);
  pending[0]!(connection(HOST, 5060));
  await setImmediate();
  expect(contacts()).toMatchObject([{ flow: { id: two.id } }]);
  two.close();
  w.domains.updateEndpoint(w.bob, { password: 'another1' });
  pending[1]!(connection(HOST, 5060));
  await setImmediate();
  expect(w.registrar.list()).toEqual([]);
});
