/** /healthz and /metrics of the platform: no credentials, and correct values for phones, ports and replies. */
import { freeRange } from './phones/free-range';
import { isSpeech, softphone, type Softphone } from './support/softphone';
import { world, type World } from './support/harness';

let w: World;
const phones: Softphone[] = [];

async function newPhone(more: Partial<Parameters<typeof softphone>[0]> = {}): Promise<Softphone> {
  const made = await softphone({ server: w.platform.sip!.phones, ...more });
  phones.push(made);
  return made;
}

/** The values of the metrics of the platform, by name and labels. */
async function metrics(): Promise<Record<string, number>> {
  const text = await (await fetch(`${w.platform.url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith('tandem_platform_'));
  return Object.fromEntries(lines.map((line) => [line.replace(/ \S+$/, ''), Number(line.split(' ').at(-1))]));
}

afterEach(async () => {
  await w.close();
  for (const phone of phones.splice(0)) phone.close();
});

it('reports that it is alive, and its version, without credentials', async () => {
  w = await world();
  const alive = await fetch(`${w.platform.url}/healthz`);
  expect([alive.status, await alive.json()]).toEqual([200, { status: 'alive' }]);
  expect((await fetch(`${w.platform.url}/metrics`)).headers.get('content-type')).toContain('text/plain; version=0.0.4');
  const [info] = Object.keys(await metrics()).filter((name) => name.startsWith('tandem_platform_build_info'));
  expect(info).toMatch(/^tandem_platform_build_info\{version="\d+\.\d+\.\d+",node="v\d+\.\d+\.\d+"\}$/);
});

it('counts replies by class of route and status, for any path', async () => {
  w = await world();
  await fetch(`${w.platform.url}/v1/users/x/calls`);
  await fetch(`${w.platform.url}/constructor/__proto__`);
  const counts = await metrics();
  expect(counts['tandem_platform_http_replies_total{route="v1",status="401"}']).toBe(1);
  expect(counts['tandem_platform_http_replies_total{route="other",status="401"}']).toBe(1);
});

it('counts registrations, failed authentication, calls, ports and packets', async () => {
  w = await world({ sip: { host: '127.0.0.1', port: 0, rtpPorts: await freeRange(4) } }, { autoAnswer: true });
  const phone = await newPhone();
  await phone.register();
  await (await newPhone({ password: 'wrong1' })).register();
  const before = await metrics();
  expect(before).toMatchObject({
    tandem_platform_registrations: 1,
    'tandem_platform_rtp_ports{state="used"}': 0,
    'tandem_platform_rtp_ports{state="free"}': 4,
    'tandem_platform_calls{state="active"}': 0,
  });
  expect(before['tandem_platform_sip_auth_failures_total{reason="credentials"}']).toBeGreaterThan(0);

  const call = await phone.dial('+15552223333');
  const ok = call.first.status === 200 ? call.first : await call.response();
  const dialog = call.ack(ok);
  const { callId } = await w.app.next('answer');
  expect(await metrics()).toMatchObject({
    'tandem_platform_rtp_ports{state="used"}': 1,
    'tandem_platform_rtp_ports{state="free"}': 3,
    'tandem_platform_calls{state="active"}': 1,
  });
  await w.v1.post(`/calls/${callId}/audio`, { sentence: 'Hello' });
  await phone.heard(isSpeech);
  await dialog.request('BYE');
  await w.app.next('hangup');
  const after = await metrics();
  expect(after).toMatchObject({ 'tandem_platform_calls{state="active"}': 0, tandem_platform_internal_errors_total: 0 });
  expect(after).toHaveProperty(['tandem_platform_rtp_packets_total{outcome="lost"}'], 0);
});
