/** Corrupted messages of a phone in a call cause no internal error, and other calls continue. */
import { createSocket } from 'node:dgram';
import { randomFrom } from '../../helpers/random-from';
import { mutate } from '../../sip/message/mutations';
import { NUMBER, type World } from '../support/harness';
import { withRegisteredPhone } from '../support/registered-phone';
import { softphone, type Softphone } from '../support/softphone';

const ROUNDS = process.env['CI'] ? 20_000 : 2_000;
/** Datagrams to send before waiting for the server, so that the kernel drops none. */
const BATCH = 20;

let w: World;
let phone: Softphone;
let spoiler: Softphone | undefined;
const socket = createSocket('udp4');
withRegisteredPhone((world, registered) => ([w, phone] = [world, registered]));
afterEach(() => spoiler?.close());
afterAll(() => new Promise<void>((resolve) => socket.close(() => resolve())));

/** Makes a call that is up. */
async function dial(from: Softphone) {
  const dialled = await from.dial(NUMBER);
  const { callId = '' } = await w.app.next('incomingcall');
  await w.v1.post(`/calls/${callId}`, { state: 'active' });
  const dialog = dialled.ack(await dialled.response());
  await w.app.next('answer', (event) => event['callId'] === callId);
  return { callId, dialog };
}

/** The server only parses a request in a dialog with the next CSeq and a new branch. */
function afresh(message: Buffer, cseq: number): Buffer {
  const text = message.toString('latin1');
  const [, method = ''] = /^(\w+) /.exec(text) ?? [];
  const numbered = text.replace('\r\n', `\r\nCSeq: ${cseq} ${method}\r\n`);
  return Buffer.from(numbered.replace(/branch=z9hG4bK\w+/, `branch=z9hG4bK${cseq}`), 'latin1');
}

it(`${ROUNDS} corrupted requests of a phone in a call`, async () => {
  const other = await dial(phone);
  const { port, host } = w.platform.sip!.phones;
  spoiler = await softphone({ server: { host, port } });
  const sending = jest.spyOn(spoiler.channel, 'send');
  await spoiler.register();
  const { dialog } = await dial(spoiler);
  await dialog.request('INVITE', { body: spoiler.sdp() });
  await dialog.request('UPDATE', { body: spoiler.sdp(), headers: ['Session-Expires: 1800;refresher=uac'] });
  await dialog.request('INFO', { type: 'application/dtmf-relay', body: 'Signal=5\r\nDuration=160\r\n' });
  await dialog.request('OPTIONS');
  const random = randomFrom(4_475);
  const said = sending.mock.calls.map(([text]) => text);
  const seeds = said.map((text) => Buffer.from(text.replace(/^CSeq: .*\r\n/m, '')));
  const ack = said.findLast((text) => text.startsWith('ACK')) ?? '';
  for (let round = 0; round < ROUNDS; round += BATCH) {
    for (let cseq = 1_000 + round; cseq < 1_000 + round + BATCH; cseq++) {
      socket.send(afresh(mutate(random, seeds), cseq), port, host);
      // After a 200 without ACK the server would refuse every later offer.
      socket.send(ack.replace(/^CSeq: \d+/m, `CSeq: ${cseq}`), port, host);
    }
    await phone.ask('OPTIONS', `sip:${NUMBER}@${host}`);
  }
  expect(w.platform.internalErrors.total).toBe(0);
  expect((await other.dialog.request('INFO', { type: 'application/dtmf', body: '7' })).status).toBe(200);
  expect((await w.v1.get(`/calls/${other.callId}`)).body.state).toBe('active');
}, 240_000);
