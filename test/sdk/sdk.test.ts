/** The official SDK, unchanged, against the platform. `npm ci` in this folder installs it. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { NUMBER, SECRET, TOKEN, USER, world, type Json, type World } from '../platform/support/harness';

const PACKAGE = path.join(__dirname, 'node_modules', 'node-bandwidth');
const installed = existsSync(PACKAGE);

if (!installed && process.env['CI'] !== undefined)
  throw new Error('node-bandwidth is not installed: run `npm ci` in test/sdk first');
if (!installed) console.log('Left out: the official SDK against the platform. To run it: npm ci --prefix test/sdk');

(installed ? describe : describe.skip)('node-bandwidth 4.0.0', () => {
  let w: World;
  let sdk: Json;

  beforeAll(() => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined); // its `request` uses deprecated parts of Node
  });
  beforeEach(async () => {
    w = await world();
    const Client: Json = createRequire(__filename)('node-bandwidth');
    sdk = new Client({ userId: USER, apiToken: TOKEN, apiSecret: SECRET, baseUrl: w.platform.url });
  });
  afterEach(() => w.close());

  it('applications', async () => {
    const { id } = await sdk.Application.create({ name: 'A', incomingCallUrl: 'http://x/y', autoAnswer: false });
    expect(await sdk.Application.get(id)).toEqual({
      id,
      name: 'A',
      incomingCallUrl: 'http://x/y',
      incomingCallUrlCallbackTimeout: 10_000,
      callbackHttpMethod: 'POST',
      autoAnswer: false,
    });
    await sdk.Application.update(id, { name: 'B', autoAnswer: true });
    expect(await sdk.Application.get(id)).toMatchObject({ name: 'B', autoAnswer: true, incomingCallUrl: 'http://x/y' });
    await sdk.Application.delete(id);
    await expect(sdk.Application.get(id)).rejects.toMatchObject({ statusCode: 404 });
  });

  it('lists, a page at a time', async () => {
    for (const name of ['B', 'C', 'D', 'E']) await sdk.Application.create({ name, incomingCallUrl: 'http://x/y' });
    const names: string[] = [];
    let page = await sdk.Application.list({ size: 2 });
    for (;;) {
      names.push(...page.applications.map((application: Json) => application.name));
      if (!page.hasNextPage) break;
      page = await page.getNextPage();
    }
    expect(names).toEqual(['test', 'B', 'C', 'D', 'E']);
  });

  it('numbers: searched, ordered, listed, changed and released', async () => {
    const search = { areaCode: '910', quantity: 3 };
    const found = await sdk.AvailableNumber.search('local', search);
    expect(found).toHaveLength(3);
    expect(found[0]).toMatchObject({
      number: expect.stringMatching(/^\+1910\d{7}$/),
      nationalNumber: expect.stringMatching(/^\(910\) \d{3}-\d{4}$/),
      state: 'NC',
    });
    const ordered = await sdk.AvailableNumber.searchAndOrder('local', search);
    expect(ordered.map((item: Json) => item.number)).toEqual(found.map((item: Json) => item.number));
    expect(await sdk.AvailableNumber.searchAndOrder('tollFree', { quantity: 1 })).toHaveLength(1);

    const [{ id, number }] = ordered;
    expect(await sdk.PhoneNumber.get(id)).toMatchObject({ id, number, numberState: 'enabled' });
    expect(await sdk.PhoneNumber.get(number)).toMatchObject({ id });
    await sdk.PhoneNumber.update(id, { applicationId: w.applicationId, name: 'ours' });
    const { phoneNumbers } = await sdk.PhoneNumber.list({ applicationId: w.applicationId });
    expect(phoneNumbers.map((item: Json) => item.number)).toEqual([NUMBER, number]);
    const created = await sdk.PhoneNumber.create({ number: '+19195550100' });
    await sdk.PhoneNumber.delete(created.id);
    const { phoneNumbers: rest, hasNextPage } = await sdk.PhoneNumber.list({ size: 2 });
    expect([rest.length, hasNextPage]).toEqual([2, true]);
  });

  it('domains, endpoints and tokens, as the tutorial makes them', async () => {
    const domain = await sdk.Domain.create({ name: 'acme', description: 'Acme' });
    const { id } = await sdk.Endpoint.create(domain.id, {
      name: 'jdoe',
      description: 'John',
      applicationId: w.applicationId,
      enabled: 'true',
      credentials: { password: 'abc123' },
    });
    const endpoint = {
      id,
      name: 'jdoe',
      description: 'John',
      domainId: domain.id,
      applicationId: w.applicationId,
      enabled: true,
      sipUri: 'sip:jdoe@acme.bwapp.bwsip.io',
      credentials: { realm: 'acme.bwapp.bwsip.io', username: 'jdoe' },
    };
    expect(await sdk.Endpoint.get(domain.id, id)).toEqual(endpoint);
    expect((await sdk.Endpoint.list(domain.id)).endpoints).toEqual([endpoint]);
    await sdk.Endpoint.update(domain.id, id, { enabled: false });
    expect(await sdk.Endpoint.get(domain.id, id)).toMatchObject({ enabled: false });
    const token = await sdk.Endpoint.createAuthToken(domain.id, id, { expires: 60 });
    expect(token).toEqual({ token: expect.any(String), expires: 60 });
    await sdk.Endpoint.delete(domain.id, id);
    expect((await sdk.Endpoint.list(domain.id)).endpoints).toEqual([]);
    expect((await sdk.Domain.list()).domains.map((item: Json) => item.name)).toEqual(['xyz-corp-testing', 'acme']);
    await sdk.Domain.delete(domain.id);
    expect((await sdk.Domain.list({})).domains).toHaveLength(1);
  });

  it('a call: made, answered, spoken to, gathered from, hung up', async () => {
    const { id } = await sdk.Call.create({ from: NUMBER, to: '+15552223333', callbackUrl: w.app.url, tag: 'sdk' });
    await w.app.next('answer');
    expect(await sdk.Call.get(id)).toMatchObject({ id, state: 'active', direction: 'out', tag: 'sdk' });
    await sdk.Call.speakSentence(id, 'Hello sip client');
    expect(await w.app.next('speak')).toMatchObject({ status: 'started' });
    expect(await w.app.next('speak')).toMatchObject({ status: 'done', state: 'PLAYBACK_STOP' });
    await sdk.Call.playAudioFile(id, 'http://x/y.wav');
    await sdk.Call.stopAudioFilePlayback(id);
    await sdk.Call.playAudioAdvanced(id, { sentence: 'hola', locale: 'es', voice: 'jorge' });
    await sdk.Call.stopSpeaking(id);
    await sdk.Call.sendDtmf(id, '1234#');
    await sdk.Call.enableRecording(id);
    await sdk.Call.setMaxRecordingDuration(id, 60);
    expect(await sdk.Call.get(id)).toMatchObject({ recordingEnabled: true });
    await sdk.Call.disableRecording(id);
    const gather = await sdk.Call.createGather(id, { maxDigits: 3, tag: 'g' });
    expect(await sdk.Call.getGather(id, gather.id)).toMatchObject({ id: gather.id, state: 'created' });
    await sdk.Call.completeGather(id, gather.id);
    expect(await w.app.next('gather')).toMatchObject({ gatherId: gather.id, tag: 'g' });
    expect(await sdk.Call.getRecordings(id)).toMatchObject([{ id: expect.stringMatching(/^rec-/) }]);
    expect(await sdk.Call.getTranscriptions(id)).toEqual([]);
    const { id: transferred } = await sdk.Call.transfer(id, { transferTo: '+15552224444' });
    expect(transferred).toMatch(/^c-/);
    await sdk.Call.hangup(id);
    await w.app.next('hangup');
    const events = await sdk.Call.getEvents(id);
    expect(events.map((event: Json) => event.name)).toEqual(expect.arrayContaining(['answer', 'speak', 'hangup']));
    expect(await sdk.Call.getEvent(id, events[0].id)).toEqual(events[0]);
    await expect(sdk.Call.hangup(id)).rejects.toMatchObject({ statusCode: 409 });
  });

  it('recordings and their files', async () => {
    const { id } = await sdk.Call.create({
      from: NUMBER,
      to: '+15552223333',
      callbackUrl: w.app.url,
      recordingEnabled: true,
      recordingMaxDuration: 60,
      recordingFileFormat: 'wav',
    });
    await w.app.next('answer');
    await sdk.Call.hangup(id);
    const { recordingId } = await w.app.next('recording');
    const recording = await sdk.Recording.get(recordingId);
    expect(recording).toMatchObject({ id: recordingId, state: 'complete', call: expect.stringContaining(id) });
    expect(await sdk.Recording.list({ size: 10 })).toEqual([recording]);
    expect(await sdk.Call.getRecordings(id)).toEqual([recording]);
    const name = recording.media.split('/').pop();
    const { content, contentType } = await sdk.Media.download(name, null);
    expect([content.subarray(0, 4).toString(), contentType]).toEqual(['RIFF', 'audio/wav']);
  });

  it('media: uploaded from a buffer and a file, listed, downloaded and deleted', async () => {
    const sound = Buffer.from([0, 255, 128, 34]);
    await sdk.Media.upload('my sound.wav', sound, 'audio/wav');
    await sdk.Media.upload('test.ts', __filename);
    const { length } = readFileSync(__filename);
    expect(await sdk.Media.list()).toMatchObject([
      { mediaName: 'my sound.wav', contentLength: 4 },
      { mediaName: 'test.ts', contentLength: length },
    ]);
    const { content, contentType } = await sdk.Media.download('my sound.wav', null);
    expect([[...content], contentType]).toEqual([[...sound], 'audio/wav']);
    await sdk.Media.delete('my sound.wav');
    await expect(sdk.Media.download('my sound.wav', null)).rejects.toMatchObject({ statusCode: 404 });
  });

  it('incoming calls: answered and rejected; calls listed', async () => {
    const answered = await w.incoming('+12223334444', NUMBER);
    await sdk.Call.answer(answered);
    expect(await w.app.next('answer')).toMatchObject({ callId: answered });
    const rejected = await w.incoming('+12223334444', NUMBER);
    await sdk.Call.reject(rejected);
    expect(await w.app.next('hangup')).toMatchObject({ callId: rejected, cause: 'CALL_REJECTED' });
    const ids = (list: Json[]): string[] => list.map(({ id }) => id);
    expect(ids(await sdk.Call.list({ from: '+12223334444' }))).toEqual([rejected, answered]);
    expect(ids(await sdk.Call.list({ to: NUMBER, size: 1, page: 1, sortOrder: 'asc' }))).toEqual([rejected]);
    expect(await sdk.Call.list({ from: '+12223334445' })).toEqual([]);
  });

  it('bridges', async () => {
    const calls: string[] = [];
    for (const to of ['+15552223333', '+15552224444']) calls.push(await w.dial(to));
    await Promise.all(calls.map((id) => w.app.next('answer', (event) => event['callId'] === id)));
    const { id } = await sdk.Bridge.create({ callIds: calls, bridgeAudio: true });
    expect(await sdk.Bridge.get(id)).toMatchObject({ id, state: 'active', bridgeAudio: true });
    expect(await sdk.Bridge.getCalls(id)).toMatchObject(calls.map((callId) => ({ id: callId, bridgeId: id })));
    await sdk.Bridge.update(id, { bridgeAudio: false });
    await sdk.Bridge.speakSentence(id, 'Hello');
    await sdk.Bridge.stopSpeaking(id);
    await sdk.Bridge.playAudioFile(id, 'http://x/y.mp3');
    await sdk.Bridge.stopAudioFilePlayback(id);
    const { bridges, hasNextPage } = await sdk.Bridge.list({});
    expect([bridges.length, hasNextPage]).toEqual([1, false]);
  });

  it('errors', async () => {
    w.app.reply = () => 500;
    await w.dial('+15550000001', { callbackUrl: `${w.app.url}/a`, fallbackUrl: `${w.app.url}/b` });
    await w.app.next('hangup');
    await w.app.next('hangup');
    const ids: string[] = [];
    let page = await sdk.Error.list({ size: 1 });
    for (;;) {
      ids.push(...page.errors.map((error: Json) => error.id));
      if (!page.hasNextPage) break;
      page = await page.getNextPage();
    }
    expect(ids.length).toBeGreaterThanOrEqual(1);
    expect(await sdk.Error.get(ids[0])).toMatchObject({ id: ids[0], category: 'unavailable', code: 'callback-failed' });
  });

  it('tells wrong credentials and rate limits apart', async () => {
    const Client: Json = createRequire(__filename)('node-bandwidth');
    const stranger = new Client({ userId: USER, apiToken: TOKEN, apiSecret: 'wrong', baseUrl: w.platform.url });
    await expect(stranger.Call.list({})).rejects.toMatchObject({ statusCode: 401 });
    await w.close();
    w = await world({ rateLimits: true });
    const hasty = new Client({ userId: USER, apiToken: TOKEN, apiSecret: SECRET, baseUrl: w.platform.url });
    const refused = Promise.all(Array.from({ length: 50 }, () => hasty.Call.list({})));
    await expect(refused).rejects.toMatchObject({
      name: 'RateLimitError',
      statusCode: 429,
      limitReset: expect.stringMatching(/^\d{13}$/),
    });
  });
});
