import { NUMBER, world, type Answer, type World } from '../support/harness';

let w: World;
let id: string;
beforeEach(async () => {
  w = await world();
  id = await w.dial('+15552223333', { tag: 'call-tag' });
  await w.app.next('answer');
});
afterEach(() => w.close());

const audio = (body: object): Promise<Answer> => w.v1.post(`/calls/${id}/audio`, body);
const refusal = async (answer: Promise<Answer>): Promise<[number, string, string]> => {
  const { status, body } = await answer;
  return [status, body.code, body.message];
};
const press = (digits: string): Promise<Answer> => w.sandbox.post(`/calls/${id}/dtmf`, { digits });

describe('speech', () => {
  it('has a started and a done event with the time of the sentence in between, and the tag of the call or its own', async () => {
    const sentence = 'x'.repeat(600); // 1,000 characters a second here
    expect((await audio({ sentence, voice: 'KATE', gender: 'Female', locale: 'en_us' })).status).toBe(200);
    expect(await w.app.next('speak')).toMatchObject({ status: 'started', state: 'PLAYBACK_START', tag: 'call-tag' });
    expect(await w.app.next('speak')).toMatchObject({ status: 'done', state: 'PLAYBACK_STOP', callId: id });
    const [started, done] = w.app.received.slice(-2);
    expect((done?.at ?? 0) - (started?.at ?? 0)).toBeGreaterThanOrEqual(300); // by their arrival, which a busy machine delays
    await audio({ sentence: 'short', tag: 'own' });
    expect(await w.app.next('speak')).toMatchObject({ tag: 'own' });
    expect(await w.app.next('speak')).toMatchObject({ tag: 'own', status: 'done' });
  });

  it('is stopped by an empty sentence, and replaced by the next', async () => {
    await audio({ sentence: 'one', loopEnabled: 'true' });
    await w.app.next('speak');
    await audio({ sentence: 'two', loopEnabled: true });
    expect(await w.app.next('speak')).toMatchObject({ status: 'done' });
    expect(await w.app.next('speak')).toMatchObject({ status: 'started' });
    expect((await audio({ sentence: '你好' })).body).toMatchObject({
      code: 'validation-error',
      message: expect.stringContaining('"你"'),
    });
    expect((await audio({ sentence: '' })).status).toBe(200);
    expect(await w.app.next('speak')).toMatchObject({ status: 'done' });
    expect((await audio({ fileUrl: '' })).status).toBe(200); // nothing to stop
  });

  it('ends with the call, without a done event', async () => {
    await audio({ sentence: 'x', loopEnabled: true });
    await w.app.next('speak');
    await w.v1.post(`/calls/${id}`, { state: 'completed' });
    await w.app.next('hangup');
    expect(w.app.types()).toEqual(['answer', 'speak', 'hangup']);
  });

  it('waits for a call that is being answered', async () => {
    const incoming = await w.incoming('+12223334444', NUMBER);
    expect(await refusal(w.v1.post(`/calls/${incoming}/audio`, { sentence: 'early' }))).toEqual([
      400,
      'call-invalid-state',
      expect.any(String),
    ]);
    await w.v1.post(`/calls/${incoming}`, { state: 'active' });
    expect((await w.v1.post(`/calls/${incoming}/audio`, { sentence: 'hello' })).status).toBe(200);
    await w.app.next('speak', (event) => event['callId'] === incoming);
    expect(w.app.types().slice(-2)).toEqual(['answer', 'speak']);
  });

  it('of a file has playback events', async () => {
    await audio({ fileUrl: 'https://example.com/a.mp3', volume: '-4' });
    const started = await w.app.next('playback');
    expect(started).toMatchObject({ status: 'started', tag: 'call-tag' });
    expect(started).not.toHaveProperty('state');
    expect(await w.app.next('playback')).toMatchObject({ status: 'done' });
  });

  it.each([
    [{ sentence: 'x', voice: 'hal' }, 'voice'],
    [{ sentence: 'x', locale: 'xx' }, 'locale'],
    [{ sentence: 'x', locale: 'de', voice: 'Kate' }, 'voice'],
    [{ sentence: 'x'.repeat(1001) }, 'sentence'],
    [{ sentence: 'x', gender: 'robot' }, 'gender'],
    [{ sentence: 'x', volume: 5 }, 'volume'],
    [{ sentence: 'x', fileUrl: 'http://x/y' }, 'sentence'],
    [{ fileUrl: 'ftp://x/y' }, 'fileUrl'],
    [{}, 'sentence'],
  ])('refuses %j and names %s', async (body, field) => {
    expect(await refusal(audio(body))).toEqual([400, 'validation-error', expect.stringMatching(`^${field}: `)]);
  });

  it('is refused after the end of the call, like all other media commands', async () => {
    await w.v1.post(`/calls/${id}`, { state: 'completed' });
    const invalid = [400, 'call-invalid-state', expect.any(String)];
    expect(await refusal(audio({ sentence: 'x' }))).toEqual(invalid);
    expect(await refusal(audio({ sentence: '' }))).toEqual(invalid);
    expect(await refusal(w.v1.post(`/calls/${id}/dtmf`, { dtmfOut: '1' }))).toEqual(invalid);
    expect(await refusal(w.v1.post(`/calls/${id}/gather`, {}))).toEqual(invalid);
    for (const body of [{ state: 'completed' }, { state: 'active' }, { state: 'rejected' }, { tag: 'x' }])
      expect(await refusal(w.v1.post(`/calls/${id}`, body))).toEqual([409, 'call-invalid-state', expect.any(String)]);
  });
});

describe('digits', () => {
  it('of the far end cause one dtmf event each', async () => {
    expect((await press('1#')).status).toBe(200);
    expect(await w.app.next('dtmf')).toMatchObject({ dtmfDigit: '1', tag: 'call-tag', callId: id });
    expect(await w.app.next('dtmf')).toMatchObject({ dtmfDigit: '#' });
  });

  it('are sent to the far end, including pauses', async () => {
    expect((await w.v1.post(`/calls/${id}/dtmf`, { dtmfOut: '1,2w3W#*AD' })).status).toBe(200);
    const { history } = (await w.sandbox.get(`/calls/${id}`)).body;
    expect(history.at(-1)).toMatchObject({ what: 'dtmf-received', detail: '1,2w3W#*AD' });
    for (const dtmfOut of ['', 'E', '1'.repeat(93), [5]])
      expect((await w.v1.post(`/calls/${id}/dtmf`, { dtmfOut })).status).toBe(400);
  });
});

describe('gather', () => {
  const gather = async (body: object = {}): Promise<string> => {
    const { status, id: gatherId, headers } = await w.v1.post(`/calls/${id}/gather`, body);
    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`${w.platform.url}/v1/users/u-test/calls/${id}/gather/${gatherId}`);
    return gatherId;
  };

  it('ends after maxDigits', async () => {
    const gatherId = await gather({ maxDigits: '3', tag: 'g' });
    await press('12');
    expect((await w.v1.get(`/calls/${id}/gather/${gatherId}`)).body).toMatchObject({ state: 'created', digits: '12' });
    await press('34');
    expect(await w.app.next('gather')).toMatchObject({
      gatherId,
      callId: id,
      state: 'completed',
      reason: 'max-digits',
      digits: '123',
      tag: 'g',
    });
    expect((await w.v1.get(`/calls/${id}/gather/${gatherId}`)).body).toMatchObject({
      state: 'completed',
      reason: 'max-digits',
      digits: '123',
      completedTime: expect.any(String),
    });
  });

  it('ends at a terminating digit, which does not count', async () => {
    await gather({ terminatingDigits: '*#' });
    await press('42*');
    expect(await w.app.next('gather')).toMatchObject({ reason: 'terminating-digit', digits: '42', tag: 'call-tag' });
  });

  it('ends after interDigitTimeout', async () => {
    await gather({ interDigitTimeout: 1 });
    await press('7');
    expect(await w.app.next('gather')).toMatchObject({ reason: 'inter-digit-timeout', digits: '7' });
  });

  it('ends with the call, and sends its event before the hangup', async () => {
    await gather();
    await press('1');
    await w.v1.post(`/calls/${id}`, { state: 'completed' });
    await w.app.next('hangup');
    expect(await w.app.next('gather')).toMatchObject({ reason: 'hung-up', digits: '1' });
    expect(w.app.types().slice(-2)).toEqual(['gather', 'hangup']);
  });

  it('is stopped over the API; one at a time', async () => {
    const gatherId = await gather();
    expect((await w.v1.post(`/calls/${id}/gather`, {})).body.code).toBe('call-invalid-state');
    expect((await w.v1.post(`/calls/${id}/gather/${gatherId}`, { state: 'paused' })).status).toBe(400);
    expect((await w.v1.post(`/calls/${id}/gather/${gatherId}`, { state: 'completed' })).status).toBe(200);
    const event = await w.app.next('gather');
    expect(event).toMatchObject({ state: 'completed', digits: '' });
    expect(event).not.toHaveProperty('reason');
    expect((await w.v1.post(`/calls/${id}/gather/${gatherId}`, { state: 'completed' })).status).toBe(200);
    expect((await w.v1.get(`/calls/${id}/gather/g-none`)).body.code).toBe('gather-not-found');
    await gather();
  });

  it('plays a prompt that a digit stops', async () => {
    await gather({ maxDigits: 2, prompt: { sentence: 'Press two digits', loopEnabled: true } });
    expect(await w.app.next('speak')).toMatchObject({ status: 'started' });
    await press('12');
    expect(await w.app.next('gather')).toMatchObject({ reason: 'max-digits', digits: '12' });
    expect(await w.app.next('speak')).toMatchObject({ status: 'done' });
  });

  it('plays a prompt to its end if it is not bargeable, and counts digits afterwards', async () => {
    await gather({ maxDigits: 1, prompt: { fileUrl: 'http://x/y.wav', bargeable: 'false' } });
    await w.app.next('playback');
    await press('1');
    expect(await w.app.next('playback')).toMatchObject({ status: 'done' });
    await press('2');
    expect(await w.app.next('gather')).toMatchObject({ digits: '2' });
  });

  it('stopped during its prompt also stops the prompt', async () => {
    const gatherId = await gather({ prompt: { sentence: 'x', loopEnabled: true } });
    await w.app.next('speak');
    await w.v1.post(`/calls/${id}/gather/${gatherId}`, { state: 'completed' });
    expect(await w.app.next('speak')).toMatchObject({ status: 'done' });
  });
});
