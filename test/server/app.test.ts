import request from 'supertest';
import { failingStore, CALLER, testApp } from '../helpers/builders';
import { answerBody, incomingCallBody } from '../helpers/v1-events';

describe('the frame of the server', () => {
  it('is alive whatever its store does', async () => {
    const { app } = testApp({ store: failingStore('ping') });
    const { status, body } = await request(app).get('/healthz');
    expect([status, body]).toEqual([200, { status: 'alive' }]);
  });

  it('is ready when its store can be reached', async () => {
    const { status, body } = await request(testApp().app).get('/readyz');
    expect([status, body]).toEqual([200, { status: 'ready' }]);
  });

  it('is not ready when its store cannot be reached: the reply has a fixed word, the log says why, once', async () => {
    const { app, lines } = testApp({ store: failingStore('ping') });
    for (let probe = 0; probe < 3; probe += 1) {
      const { status, body } = await request(app).get('/readyz');
      expect([status, body]).toEqual([503, { status: 'not ready', fault: 'store-unavailable' }]);
    }
    const logged = lines.filter(({ event }) => event === 'not-ready');
    expect(logged).toMatchObject([{ fault: 'store-unavailable', detail: 'disk full at /var/secret' }]);
  });

  it('is not ready while it drains', async () => {
    const { app, engine } = testApp();
    engine.drain();
    const { status, body } = await request(app).get('/readyz');
    expect([status, body]).toEqual([503, { status: 'not ready', fault: 'draining' }]);
  });

  it('takes over a request id that is fit for a log', async () => {
    const { app, lines } = testApp();
    const { headers } = await request(app)
      .post('/webhooks/voice')
      .set('x-request-id', 'req-1:a.b')
      .send(incomingCallBody());
    expect(headers['x-request-id']).toBe('req-1:a.b');
    expect(lines.find(({ event }) => event === 'session.started')?.['requestId']).toBe('req-1:a.b');
  });

  it.each(['', 'a b', 'x'.repeat(65), 'a"b', '<script>'])('makes a request id of its own instead of %j', async (id) => {
    const { headers } = await request(testApp().app).get('/healthz').set('x-request-id', id);
    expect(headers['x-request-id']).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it('gives each request another id', async () => {
    const { app } = testApp();
    const [a, b] = [await request(app).get('/healthz'), await request(app).get('/healthz')];
    expect(a.headers['x-request-id']).not.toBe(b.headers['x-request-id']);
  });

  it("sends helmet's headers, and does not say what it runs on", async () => {
    const { headers } = await request(testApp().app).get('/healthz');
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'SAMEORIGIN' });
    expect(headers).toHaveProperty('content-security-policy');
    expect(headers).not.toHaveProperty('x-powered-by');
  });

  it('tells what does not exist as problem JSON', async () => {
    const { status, type, body } = await request(testApp().app).get('/nothing/here?secret=1');
    expect([status, type]).toEqual([404, 'application/problem+json']);
    expect(body).toEqual({
      type: 'about:blank',
      title: 'Not found',
      status: 404,
      detail: 'GET /nothing/here does not exist; see /openapi.json',
      code: 'not-found',
    });
  });

  it.each([
    ['/webhooks/voice', 405],
    ['/calls', 404],
  ])('knows no other method of %s', async (path, expected) => {
    expect((await request(testApp().app).put(path).send({})).status).toBe(expected);
  });

  it('answers a path that is no percent-encoding with 400', async () => {
    const { status, type } = await request(testApp().app).get('/calls/%E0%A4%A');
    expect([status, type]).toEqual([400, 'application/problem+json']);
  });

  it('hides what went wrong inside, and logs it', async () => {
    const { app, lines } = testApp({ store: failingStore('list') });
    const { status, type, text, headers } = await request(app).get('/calls');
    expect([status, type]).toEqual([500, 'application/problem+json']);
    expect(text).not.toMatch(/disk|secret|\.ts|at /);
    expect(JSON.parse(text)).toMatchObject({ code: 'internal', status: 500 });
    const line = lines.find(({ event }) => event === 'request-failed');
    expect(line).toMatchObject({ level: 50, method: 'GET', path: '/calls', requestId: headers['x-request-id'] });
    expect((line?.['err'] as { message: string }).message).toBe('disk full at /var/secret');
  });
});

describe('the metrics', () => {
  it('are in the text format of Prometheus', async () => {
    const { headers } = await request(testApp().app).get('/metrics');
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  it('tell events, flows by outcome, commands and live flows by phase', async () => {
    const { app } = testApp();
    await request(app).post('/webhooks/voice').send(incomingCallBody());
    await request(app).post('/webhooks/voice').send(incomingCallBody());
    await request(app)
      .post('/webhooks/voice')
      .send(incomingCallBody({ callId: 'c-2', from: 'sip:stranger@x.y' }));
    const { text } = await request(app).get('/metrics');
    expect(text).toContain('tandem_events_total{type="offered"} 3');
    expect(text).toContain('tandem_flows_started_total{kind="bridge-legs"} 2');
    expect(text).toContain(
      'tandem_flows_ended_total{kind="bridge-legs",direction="unroutable",outcome="unroutable",hung_up_by="tandem"} 1',
    );
    expect(text).toContain('tandem_live_flows{phase="dialling"} 1');
    expect(text).toContain('tandem_live_flows{phase="bridged"} 0');
    expect(text).toContain('tandem_command_duration_seconds_count{command="dial"} 1');
    expect(text).toContain('tandem_event_to_command_seconds_count{command="dial"} 1');
    expect(text).not.toContain('tandem_command_failures_total{');
    expect(text).toContain('process_resident_memory_bytes');
    expect(text).toContain('tandem_http_replies_total{route="webhooks",status="200"} 3');
    expect(text).toMatch(/^tandem_build_info\{version="\d+\.\d+\.\d+",node="v\d+[^"]*"\} 1$/m);
  });

  it('count an orphan that was hung up', async () => {
    const { app } = testApp();
    await request(app)
      .post('/webhooks/voice')
      .send(answerBody('c-orphan', { tag: 'c-unknown' }));
    expect((await request(app).get('/metrics')).text).toContain('tandem_orphans_reaped_total 1');
  });

  it('of two servers in one process are apart', async () => {
    const [a, b] = [testApp(), testApp()];
    await request(a.app)
      .post('/webhooks/voice')
      .send(incomingCallBody({ callId: CALLER }));
    expect((await request(b.app).get('/metrics')).text).not.toContain('tandem_events_total{');
  });
});
