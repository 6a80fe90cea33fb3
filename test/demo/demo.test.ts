/** The demo where real phones are registered: they ring, and the sandbox shows no leg of theirs. */
import { runDemo } from '../../src/demo/demo';
import { scenariosOf } from '../../src/demo/scenarios';
import { apiServer, type ApiServer } from '../helpers/api-server';

const ENDPOINT = 'sip:jsmith_mobile@xyz-corp-testing.bwapp.bwsip.io';
const TIME = '2026-11-23T12:00:00.000Z';

let servers: ApiServer;
afterEach(() => servers.close());

/** Tandem and platform in one: a spoken call that is over at once. */
async function demo(phones: object[], legs: object[]): Promise<{ ok: boolean; printed: string[] }> {
  const call = { id: 'f-1', kind: 'speak-and-hang-up', phase: 'ended', reason: 'completed', from: '+1555444333' };
  servers = await apiServer(({ path }) => {
    if (path === '/sandbox/registrations') return { status: 200, body: phones };
    if (path === '/sandbox/calls') return { status: 200, body: legs };
    return { status: 200, body: { ...call, to: ENDPOINT, legs: [], createdAt: TIME, timeline: [] } };
  });
  const platform = { url: servers.url, token: 't', secret: 's' };
  const printed: string[] = [];
  const line = { number: '+1555444333', endpoint: ENDPOINT };
  const target = { url: servers.url, platform, line };
  const ok = await runDemo(target, scenariosOf(['speak']), (text) => printed.push(text));
  return { ok, printed };
}

const simulated = { kind: 'sip', party: 'x', direction: 'out', tag: 'f-1', state: 'ended', history: [] };
const real = { sipUri: ENDPOINT, userAgent: 'Linphone', address: '192.0.2.7:5060' };

it('says which phone to pick up, and misses no leg of it', async () => {
  const { ok, printed } = await demo([real], []);
  expect(printed).toContain('  pick up: Linphone at 192.0.2.7:5060 rings');
  expect(printed).toContain('  ✔ ended as it should: completed');
  expect(ok).toBe(true);
});

it('says nothing of phones of other endpoints', async () => {
  const { ok, printed } = await demo([{ ...real, sipUri: 'sip:bob@elsewhere.bwapp.bwsip.io' }], [simulated]);
  expect(printed.join('\n')).not.toContain('pick up');
  expect(ok).toBe(true);
});

it('misses the leg of a simulated phone', async () => {
  const { ok, printed } = await demo([], []);
  expect(printed).toContain('  ✘ there were 0 simulated legs instead of 1');
  expect(ok).toBe(false);
});
