/** Call records of a running Tandem: refused calls and calls that talked, rotation, and the end of the server. */
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../../../src/server/server';
import { ENDPOINT, NUMBER, PSTN, recordingLog } from '../../helpers/builders';
import { runTandem, testConfig } from '../../helpers/tandem';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-records-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Fields = Record<string, unknown>;
const recordsIn = (file: string): Fields[] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Fields);

it('one for each session, in the file and at the URL; a renamed file gets no more', async () => {
  const posted: Fields[] = [];
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      posted.push(JSON.parse(body) as Fields);
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const file = join(folder, 'calls.jsonl');
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/records`;
  const settings = { CALL_RECORDS_FILE: file, CALL_RECORDS_URL: url, CALL_RECORDS_SECRET: 'sixteen-characters' };
  const tandem = await runTandem({ LINES: `${NUMBER}=${ENDPOINT}`, ...settings });
  await tandem.phone(ENDPOINT);

  const talked = await tandem.sandbox.dial({ from: ENDPOINT, to: PSTN, hangUpAfterMs: 300 });
  await tandem.ended(talked);
  renameSync(file, `${file}.1`);
  await tandem.server.reload();
  const refused = await tandem.sandbox.dial({ from: ENDPOINT, to: '12' });
  await tandem.ended(refused);
  await tandem.close();

  expect(recordsIn(`${file}.1`)).toEqual([
    expect.objectContaining({
      sessionId: talked,
      direction: 'sip-to-pstn',
      from: ENDPOINT,
      to: PSTN,
      dialledFrom: NUMBER,
      reason: 'completed',
      hungUpBy: 'caller',
    }),
  ]);
  expect(recordsIn(file)).toEqual([
    expect.objectContaining({ sessionId: refused, direction: 'unroutable', reason: 'unroutable', hungUpBy: 'tandem' }),
  ]);
  const [record] = recordsIn(`${file}.1`);
  expect(Number(record?.['talkSeconds'])).toBeGreaterThan(0);
  expect(posted).toEqual([...recordsIn(`${file}.1`), ...recordsIn(file)]);
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

it('a file that cannot be opened stops the start, and names the setting', async () => {
  const config = testConfig({ CALL_RECORDS_FILE: join(folder, 'no', 'calls.jsonl') });
  await expect(startServer(config, 'http://127.0.0.1:1', recordingLog().log)).rejects.toThrow(
    /CALL_RECORDS_FILE .*calls\.jsonl cannot be written to \(.*ENOENT.*; give a file in an existing directory/,
  );
});
