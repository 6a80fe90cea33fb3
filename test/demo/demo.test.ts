/** The demo with registered real phones: they ring, and the sandbox does not show their legs. */
import { runDemo } from '../../src/demo/demo';
import { scenariosOf } from '../../src/demo/scenarios';
import { apiServer, type ApiServer } from '../helpers/api-server';

const ENDPOINT = 'sip:jsmith_mobile@xyz-corp-testing.bwapp.bwsip.io';
const TIME = '2026-11-23T12:00:00.000Z';

let servers: ApiServer;
afterEach(() => servers.close());

/** A stub of Tandem and platform, with a spoken call that ends at once. */
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

it('names the phone to answer, and does not expect a simulated leg of it', async () => {
  const { ok, printed } = await demo([real], []);
  expect(printed).toContain('  please answer: Linphone at 192.0.2.7:5060 is ringing');
  expect(printed).toContain('  ✔ ended as expected: completed');
  expect(ok).toBe(true);
});

it('does not mention phones of other endpoints', async () => {
  const { ok, printed } = await demo([{ ...real, sipUri: 'sip:bob@elsewhere.bwapp.bwsip.io' }], [simulated]);
  expect(printed.join('\n')).not.toContain('pick up');
  expect(ok).toBe(true);
});

it('reports a missing leg of a simulated phone', async () => {
  const { ok, printed } = await demo([], []);
  expect(printed).toContain('  ✘ expected 1 simulated legs (got 0)');
  expect(ok).toBe(false);
});
