/** LINES_FILE is read again on SIGHUP: what is new is set up, what is gone is not called, and calls go on. */
import { createLineReload } from '../src/cli/commands/reload-lines';
import { createApiHttp } from '../src/providers/bandwidth-v1/http';
import type { Config } from '../src/config/config';
import type { Provisioned } from '../src/providers/bandwidth-v1/provisioning/provision';
import { ENDPOINT, NUMBER, PSTN } from './helpers/builders';
import { runTandem, testConfig, type RunningTandem } from './helpers/tandem';

const BOB = 'sip:bob@xyz-corp-testing.bwapp.bwsip.io';
const BOB_NUMBER = '+1555444334';
const LINE = `${NUMBER}=${ENDPOINT}`;

let tandem: RunningTandem;
let text: string;
let provisioned: Provisioned;
let reload: () => Promise<void>;
beforeEach(async () => {
  tandem = await runTandem({ LINES: LINE });
  await tandem.phone(ENDPOINT);
  provisioned = { steps: [], sip: [] };
  const config: Config = {
    ...tandem.config,
    linesFile: 'lines.txt',
    platform: { ...tandem.config.platform, sandbox: true },
  };
  reload = createLineReload({
    config,
    readAgain: () => testConfig({ LINES: text }),
    server: tandem.server,
    embedded: { url: tandem.platform.url, provisioned, onProvisioned: (now) => (provisioned = now) },
    log: tandem.log,
  });
});
afterEach(() => tandem.close());

const api = <T>(path: string): Promise<T> => {
  const http = createApiHttp({ ...tandem.config.api, url: tandem.platform.url });
  return http
    .send('GET', http.userPath(path))
    .then(({ body }) => body as T)
    .finally(() => http.close());
};

it('a new line is called and calls, with a simulated phone and a generated password', async () => {
  text = `${LINE},${BOB_NUMBER}=${BOB}`;
  await reload();
  const id = await tandem.sandbox.dial({ from: ENDPOINT, to: BOB_NUMBER, hangUpAfterMs: 500 });
  expect(await tandem.ended(id)).toMatchObject({ direction: 'sip-to-sip', reason: 'completed' });
  const back = await tandem.sandbox.dial({ from: BOB, to: PSTN, hangUpAfterMs: 500 });
  expect(await tandem.ended(back)).toMatchObject({ direction: 'sip-to-pstn', reason: 'completed' });
  expect(provisioned.sip).toEqual([
    expect.objectContaining({
      sipUri: BOB,
      number: BOB_NUMBER,
      passwordFrom: 'generated',
      password: expect.any(String),
    }),
  ]);
  await tandem.line(({ event, lines }) => event === 'lines-reloaded' && lines === 2);
});

it('a line that is gone is not called and is off the platform; its call goes on', async () => {
  text = `${LINE},${BOB_NUMBER}=${BOB}`;
  await reload();
  const up = await tandem.sandbox.dial({ from: BOB, to: PSTN, hangUpAfterMs: 3_000 });
  while ((await tandem.tandem.call(up))?.phase !== 'bridged') await new Promise(setImmediate);
  text = LINE;
  await reload();
  expect(
    (await api<{ sipUri: string }[]>(`/domains/${(await api<{ id: string }[]>('/domains'))[0]?.id}/endpoints`)).map(
      ({ sipUri }) => sipUri,
    ),
  ).toEqual([ENDPOINT]);
  await expect(api(`/phoneNumbers/${encodeURIComponent(BOB_NUMBER)}`)).rejects.toThrow();
  expect(provisioned.sip).toEqual([]);
  const refused = await tandem.sandbox.dial({ from: ENDPOINT, to: 'bob' });
  expect(await tandem.ended(refused)).not.toMatchObject({ reason: 'completed' });
  expect(await tandem.ended(up)).toMatchObject({ reason: 'completed' });
});

it('a file with faults changes nothing, and every fault is logged', async () => {
  text = `nonsense,${BOB_NUMBER}=sip:bob@d.e;x=y`;
  await reload();
  const faults = tandem.lines.filter(({ event }) => event === 'lines-fault');
  expect(faults).toHaveLength(2);
  const id = await tandem.sandbox.dial({ from: '+12223334444', to: NUMBER, hangUpAfterMs: 500 });
  expect(await tandem.ended(id)).toMatchObject({ reason: 'completed' });
});

it('the same file again changes nothing', async () => {
  text = LINE;
  await reload();
  const line = await tandem.line(({ event }) => event === 'lines-reloaded');
  expect(line).toMatchObject({ lines: 1, changed: [], removed: [], newEndpoints: [], goneEndpoints: [] });
});
