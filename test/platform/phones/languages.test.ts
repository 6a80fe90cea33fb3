/** Speech uses the language files of SPEECH_LANGUAGES_DIR. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordingLog } from '../../helpers/builders';
import { ENDPOINT, world, type World } from '../support/harness';
import { softphone, type Softphone } from '../support/softphone';

const languagesDir = join(tmpdir(), 'no-such-languages');
const recorded = recordingLog();

let w: World;
let phone: Softphone;
beforeEach(async () => {
  w = await world({ log: recorded.log, sip: { host: '127.0.0.1', port: 0, languagesDir } });
  phone = await softphone({ server: w.platform.sip!.phones });
});
afterEach(async () => {
  await w.close();
  phone.close();
});

it('a Spanish sentence uses its voice from the directory, else another voice', async () => {
  await phone.register();
  const callId = await w.dial(ENDPOINT);
  await phone.answer(await phone.request('INVITE'));
  await w.app.next('answer');
  await w.v1.post(`/calls/${callId}/audio`, { sentence: 'Hola', locale: 'es' });
  expect(await recorded.line(({ folder }) => folder !== undefined)).toMatchObject({ folder: languagesDir, level: 40 });
  expect(await w.app.next('speak', ({ status }) => status === 'done')).toMatchObject({ callId });
});
