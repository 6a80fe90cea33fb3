/** Phones that forward their calls (RFC 3261 8.1.3.4): allowed and refused targets. */
import { ENDPOINT, NUMBER, world, type World } from '../support/harness';
import { softphone, type Message, type Softphone } from '../support/softphone';

const DOMAIN = 'xyz-corp-testing.bwapp.bwsip.io';
const ALICE = `sip:alice@${DOMAIN}`;
const PSTN = '+15552223333';

let w: World;
let phone: Softphone;
let alice: Softphone;
async function setUp(forward?: 'off' | 'endpoints' | 'all'): Promise<void> {
  w = await world({ sip: { host: '127.0.0.1', port: 0, forward } });
  const fields = { name: 'alice', credentials: { password: 'abc123' }, applicationId: w.applicationId };
  await w.v1.post(`/domains/${w.domainId}/endpoints`, fields);
  phone = await softphone({ server: w.platform.sip!.phones });
  alice = await softphone({ server: w.platform.sip!.phones, user: 'alice' });
  await Promise.all([phone.register(), alice.register()]);
}
afterEach(async () => {
  await w.close();
  phone.close();
  alice.close();
});

/** Calls the phone, which rings and forwards. */
async function forwarded(status: number, ...contacts: string[]): Promise<{ callId: string; invite: Message }> {
  const callId = await w.dial(ENDPOINT);
  const invite = await phone.request('INVITE');
  phone.respond(invite, 180);
  phone.respond(invite, status, { contact: '', headers: contacts.map((uri) => `Contact: ${uri}`) });
  return { callId, invite };
}
const state = async (callId: string): Promise<string> => (await w.v1.get(`/calls/${callId}`)).body.state;

it.each([
  [302, [`<${ALICE}>`]],
  [301, [`<${ALICE};transport=udp>;expires=60`]],
  [
    300,
    [
      '<sip:broken',
      '<sip:+15552223333@elsewhere.example>;q=0.1',
      `<sip:Alice@other.example>;q=0.5`,
      `"A" <${ALICE}>;q=0.9`,
    ],
  ],
])('%i to an endpoint: its phone rings, and the call is up when it answers', async (status, contacts) => {
  await setUp();
  const { callId } = await forwarded(status, ...contacts);
  const invite = await alice.request('INVITE');
  expect(invite.headers['diversion']).toBe(`<${ENDPOINT}>;reason=unknown;counter=1`);
  await alice.answer(invite);
  await w.app.next('answer');
  expect(await state(callId)).toBe('active');
});

it.each([
  ['a number', undefined, `<sip:${PSTN}@${DOMAIN}>`],
  ['a number', undefined, `<tel:${PSTN}>`],
  ['a SIP URI elsewhere', undefined, '<sip:bob@elsewhere.example>'],
  ['an endpoint', 'off', `<${ALICE}>`],
  ['itself', 'all', `<${ENDPOINT}>`],
  ['a number of the account', 'all', `<sip:${NUMBER}@${DOMAIN}>`],
  ['a number that is local to somewhere else', 'all', '<tel:101;phone-context=elsewhere.example>'],
  ['what is no address', 'all', '<urn:service:sos>'],
] as const)('302 to %s, SIP_FORWARD %s: nothing is dialled, and the call is over', async (_what, forward, contact) => {
  await setUp(forward);
  const { callId } = await forwarded(302, contact);
  expect(await w.app.next('hangup')).toMatchObject({ callId, cause: 'NORMAL_TEMPORARY_FAILURE' });
});

it('302 to a number, SIP_FORWARD all: the number is called', async () => {
  await setUp('all');
  const { callId } = await forwarded(302, `<sip:${PSTN}@${DOMAIN}>`);
  expect(await w.app.next('answer')).toMatchObject({ callId });
  expect(await state(callId)).toBe('active');
});

it('two phones that forward to each other: each rings once', async () => {
  await setUp();
  const { callId } = await forwarded(302, `<${ALICE}>`);
  alice.respond(await alice.request('INVITE'), 302, { contact: '', headers: [`Contact: <${ENDPOINT}>`] });
  expect(await w.app.next('hangup')).toMatchObject({ callId });
  expect(phone.received.filter(({ method, status }) => method === 'INVITE' && status === 0)).toHaveLength(1);
});

it('hung up while the other phone rings: that one is cancelled', async () => {
  await setUp();
  const { callId } = await forwarded(302, `<${ALICE}>`);
  const invite = await alice.request('INVITE');
  alice.respond(invite, 180);
  await w.v1.post(`/calls/${callId}`, { state: 'completed' });
  alice.respond(await alice.request('CANCEL'), 200);
  alice.respond(invite, 487);
});
