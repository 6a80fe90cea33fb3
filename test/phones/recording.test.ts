/** A call that is recorded: the file has what was said. */
import { z } from 'zod';
import { toneSeconds } from './support/analysis';
import { hears, isUp } from './support/listening';
import { onStage, type Stage } from './support/stage';
import { PSTN } from './support/tandem';
import { eventually } from './support/waiting';
import { parseWav } from './support/wav';

const recordings = z.array(z.looseObject({ state: z.string(), media: z.string().optional() }));

let stage: Stage;
onStage((set) => (stage = set));

it('a recorded call can be fetched, and has the tone of the phone', async () => {
  const phone = await stage.phone({ hz: 440 });
  await phone.dial(PSTN);
  await isUp(phone);
  const call = (await stage.calls()).find(({ direction }) => direction === 'in');
  const path = `/v1/users/${stage.tandem.userId}/calls/${call?.id}`;
  expect((await stage.tandem.platform('POST', path, { recordingEnabled: true })).status).toBe(200);
  await hears(phone, 440, 2);
  await phone.hangup();
  await phone.events.next('CALL_CLOSED', 1_000).catch(() => undefined); // who hangs up is told nothing

  const [recording] = await eventually('the recording', async () => {
    const { body } = await stage.tandem.platform('GET', `${path}/recordings`);
    const found = recordings.parse(body);
    return found[0]?.state === 'complete' && found;
  });
  const wav = parseWav(await stage.tandem.download(recording?.media ?? ''));
  expect(wav.rate).toBe(8_000);
  expect(toneSeconds(wav, 440)).toBeGreaterThan(1.5);
  const events = await stage.events(call?.id ?? '');
  expect(events.map(({ name }) => name)).toContain('recording');
});
