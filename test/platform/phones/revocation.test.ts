/** A new password, disabling and deletion of an endpoint revoke its registrations. Active calls continue. */
import net, { type AddressInfo } from 'node:net';
import tls from 'node:tls';
import { TEST_CERT, TEST_KEY } from '../../sip/transport/test-certificate';
import { ENDPOINT, world, type World } from '../support/harness';
import { isSpeech, softphone, type Softphone, type SoftphoneOptions } from '../support/softphone';

const PSTN = '+15552223333';
const TRANSPORTS = ['UDP', 'TCP', 'TLS', 'WS', 'WSS'] as const;
type Transport = (typeof TRANSPORTS)[number];

let w: World;
let proxy: tls.Server;
const phones: Softphone[] = [];
beforeEach(async () => {
  const identity = { cert: TEST_CERT, key: TEST_KEY };
  w = await world({ sip: { host: '127.0.0.1', port: 0, tls: { port: 0, ...identity } } });
  proxy = await tlsProxy(w.platform.port, identity);
});
afterEach(async () => {
  await w.close();
  for (const phone of phones.splice(0)) phone.close();
  await new Promise((resolve) => proxy.close(resolve));
});

/** A TLS proxy for `wss:`, which forwards the end of a connection. */
async function tlsProxy(port: number, identity: { cert: string; key: string }): Promise<tls.Server> {
  const server = tls.createServer(identity, (near) => {
    const far = net.connect(port, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const)
      one
        .on('error', () => undefined)
        .on('close', () => other.destroy())
        .pipe(other);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function newPhone(transport: Transport, options: Partial<SoftphoneOptions> = {}): Promise<Softphone> {
  const ways: Record<Transport, Partial<SoftphoneOptions>> = {
    UDP: {},
    TCP: { tcp: true },
    TLS: { tlsPort: w.platform.sip!.listening.find((one) => one.transport === 'TLS')!.port },
    WS: { webSocket: `${w.platform.url.replace('http:', 'ws:')}/sip` },
    WSS: { webSocket: `wss://127.0.0.1:${(proxy.address() as AddressInfo).port}/sip` },
  };
  const phone = await softphone({ server: w.platform.sip!.phones, ...ways[transport], ...options });
  phones.push(phone);
  return phone;
}

const endpoint = () => `/domains/${w.domainId}/endpoints/${w.endpointId}`;
const registered = async (): Promise<string[]> => {
  const { body } = await w.sandbox.get('/registrations');
  return (body as { sipUri: string }[]).map(({ sipUri }) => sipUri);
};
const REVOCATIONS = {
  'a new password': () => w.v1.post(endpoint(), { credentials: { password: 'another1' } }),
  'a disabled endpoint': () => w.v1.post(endpoint(), { enabled: false }),
  'a deleted endpoint': () => w.v1.delete(endpoint()),
  'a deleted domain': () => w.v1.delete(`/domains/${w.domainId}`),
};
const CASES = TRANSPORTS.flatMap((transport) =>
  Object.entries(REVOCATIONS).map(([what, revoke]) => [what, transport, revoke] as const),
);

it.each(CASES)('%s ends the registration over %s, and its connection', async (_, transport, revoke) => {
  const phone = await newPhone(transport);
  expect((await phone.register()).status).toBe(200);
  expect(await registered()).toEqual([ENDPOINT]);
  expect((await revoke()).status).toBe(200);
  expect(await registered()).toEqual([]);
  if (transport !== 'UDP') await phone.disconnected;
  const again = await newPhone(transport);
  expect([401, 403]).toContain((await again.register()).status);
});

it.each(TRANSPORTS)('a call over %s goes on', async (transport) => {
  const phone = await newPhone(transport);
  const call = await phone.dial(PSTN);
  const { callId } = await w.app.next('incomingcall');
  await w.v1.post(`/calls/${callId}`, { state: 'active' });
  const dialog = call.ack(await call.response());
  await w.app.next('answer', (event) => event['callId'] === callId);
  await REVOCATIONS['a new password']();
  if (transport !== 'UDP') await phone.disconnected;
  await w.v1.post(`/calls/${callId}/audio`, { sentence: 'Hello' });
  await phone.heard(isSpeech);
  expect((await w.v1.get(`/calls/${callId}`)).body).toMatchObject({ state: 'active' });
  if (transport !== 'UDP') return;
  expect((await dialog.request('BYE')).status).toBe(200);
  expect(await w.app.next('hangup')).toMatchObject({ callId, cause: 'NORMAL_CLEARING' });
});

it('a phone that has not registered also loses its connection', async () => {
  const phone = await newPhone('WS');
  const call = await phone.dial(PSTN);
  await w.app.next('incomingcall');
  call.cancel();
  call.ack(await call.response());
  await REVOCATIONS['a disabled endpoint']();
  await phone.disconnected;
});

it('tokens end with the password', async () => {
  const { body } = await w.v1.post(`${endpoint()}/tokens`, {});
  const { token } = body as { token: string };
  const phone = await newPhone('UDP', { password: token });
  expect((await phone.register()).status).toBe(200);
  await REVOCATIONS['a new password']();
  expect(await registered()).toEqual([]);
  const again = await newPhone('UDP', { password: token });
  expect([401, 403]).toContain((await again.register()).status);
});

it('a phone with the new password registers at once', async () => {
  const phone = await newPhone('TCP');
  await phone.register();
  await REVOCATIONS['a new password']();
  const again = await newPhone('TCP', { password: 'another1' });
  expect((await again.register()).status).toBe(200);
});

it.each([
  ['the same password', { credentials: { password: 'abc123' } }],
  ['what is no credential', { description: 'desk', enabled: true }],
])('%s ends nothing', async (_, change) => {
  const phone = await newPhone('WS');
  await phone.register();
  expect((await w.v1.post(endpoint(), change)).status).toBe(200);
  expect(await registered()).toEqual([ENDPOINT]);
  expect((await phone.register()).status).toBe(200);
});

it('a connection that another endpoint uses stays', async () => {
  const other = { name: 'alice', credentials: { password: 'alice123' }, enabled: true };
  expect((await w.v1.post(`/domains/${w.domainId}/endpoints`, other)).status).toBe(201);
  const phone = await newPhone('TCP');
  await phone.register();
  // Like a gateway, registers several endpoints over one connection.
  const alice = await softphone({
    server: w.platform.sip!.phones,
    user: 'alice',
    password: 'alice123',
    channel: phone.channel,
  });
  phones.push(alice);
  expect((await alice.register()).status).toBe(200);
  await REVOCATIONS['a new password']();
  expect(await registered()).toEqual([ENDPOINT.replace('jsmith_mobile', 'alice')]);
  expect((await alice.register()).status).toBe(200);
});
