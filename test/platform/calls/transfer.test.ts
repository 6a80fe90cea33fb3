import { NUMBER, world, type Json, type World } from '../support/harness';

let w: World;
let id: string;
beforeEach(async () => {
  w = await world();
  id = await w.incoming('+12223334444', NUMBER);
  await w.app.next('incomingcall');
  await w.v1.post(`/calls/${id}`, { state: 'active', tag: 'first' });
  await w.app.next('answer');
});
afterEach(() => w.close());

const transfer = (more: object) => w.v1.post(`/calls/${id}`, { state: 'transferring', ...more });
const get = async (callId: string): Promise<Json> => (await w.v1.get(`/calls/${callId}`)).body;
const last = async (callId: string): Promise<string> =>
  (await w.sandbox.get(`/calls/${callId}`)).body.history.at(-1).what;

describe('a transfer', () => {
  it('dials, connects both far ends, and ends them together', async () => {
    const { status, id: target, headers } = await transfer({ transferTo: '+15552223333' });
    expect([status, headers.get('location')]).toEqual([201, `${w.platform.url}/v1/users/u-test/calls/${target}`]);
    expect(await get(id)).toMatchObject({ state: 'transferring' });
    expect(await get(target)).toMatchObject({ direction: 'out', from: '+12223334444', to: '+15552223333' });
    expect(await w.app.next('answer')).toMatchObject({ callId: target, tag: 'first' });
    expect(await Promise.all([last(id), last(target)])).toEqual(['connected', 'connected']);
    await w.sandbox.delete(`/calls/${target}`);
    const ended = [(await w.app.next('hangup'))['callId'], (await w.app.next('hangup'))['callId']];
    expect(ended.sort()).toEqual([id, target].sort());
  });

  it('removes the call from its bridge, and leaves the other leg up', async () => {
    const other = await w.dial('+15552224444');
    await w.app.next('answer', (event) => event['callId'] === other);
    const { id: bridgeId } = await w.v1.post('/bridges', { callIds: [id, other] });
    await transfer({ transferTo: '+15552223333' });
    expect((await w.v1.get(`/bridges/${bridgeId}`)).body).toMatchObject({ state: 'active', callIds: [other] });
    expect(await get(other)).toMatchObject({ state: 'active' });
    expect(await last(other)).toBe('disconnected');
  });

  it('whose caller hangs up ends the other leg', async () => {
    const { id: target } = await transfer({ transferTo: '+15550000002', transferCallerId: 'private' });
    await w.sandbox.delete(`/calls/${id}`);
    expect(await w.app.next('hangup', (event) => event['callId'] === target)).toMatchObject({
      cause: 'ORIGINATOR_CANCEL',
      from: 'private',
    });
  });

  it.each([
    ['the caller', '+12223334444', 201],
    ['the number that was called', NUMBER, 201],
    ['no number', 'Private', 201],
    ['a foreign number', '+15558889999', 403],
    ['a text', 'Your Bank', 403],
  ])('that shows %s: %s is answered with %i', async (_what, transferCallerId, status) => {
    const answer = await transfer({ transferTo: '+15550000002', transferCallerId });
    expect(answer.status).toBe(status);
    if (status === 201) return;
    expect(answer.body.code).toBe('number-access-denied');
    expect(await get(id)).toMatchObject({ state: 'active' });
  });

  it('whispers before it connects', async () => {
    const { id: target } = await transfer({
      transferTo: '+15552223333',
      whisperAudio: { sentence: 'A call for you', voice: 'dave' },
    });
    await w.app.next('speak', (event) => event['callId'] === target && event['status'] === 'started');
    await w.app.next('speak', (event) => event['callId'] === target && event['status'] === 'done');
    expect(await last(id)).toBe('connected');
  });

  it('without an answer returns the call to the application', async () => {
    await transfer({ transferTo: '+15550000001' });
    expect(await w.app.next('hangup')).toMatchObject({ cause: 'USER_BUSY' });
    expect(await get(id)).toMatchObject({ state: 'active' });
    expect((await transfer({ transferTo: '+15552223333' })).status).toBe(201);
  });

  it('requires a number and an active call', async () => {
    expect((await transfer({})).body).toMatchObject({
      code: 'validation-error',
      message: expect.stringMatching(/^transferTo/),
    });
    expect((await transfer({ transferTo: 'nobody' })).status).toBe(400);
    const ringing = await w.dial('+15550000002');
    const refused = await w.v1.post(`/calls/${ringing}`, { state: 'transferring', transferTo: '+15552223333' });
    expect([refused.status, refused.body.code]).toEqual([400, 'call-invalid-state']);
    for (const state of ['active', 'rejected'])
      expect((await w.v1.post(`/calls/${ringing}`, { state })).body.code).toBe('call-invalid-state');
    expect((await w.v1.post(`/calls/${id}`, { state: 'rejected' })).body.code).toBe('call-invalid-state');
  });
});
