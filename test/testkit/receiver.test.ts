/** Delivery of events, and findings about apps that do not accept them. */
import { AppUnreachableError, exitCodeOf, run } from '../../src/testkit/run';
import { codesOf, eventOf, optionsOf, runKit, serve, type TestServer } from './run-kit';

let app: TestServer;
afterEach(() => app.close());

const short = ['--faults', 'none', '--settle', '1'];

describe('an event', () => {
  it('is posted as JSON with the credentials of its URL', async () => {
    const seen: unknown[] = [];
    app = await serve((req, res) => {
      void eventOf(req).then((event) => {
        seen.push([req.method, req.url, req.headers.authorization, req.headers['user-agent'], event['eventType']]);
        res.end();
      });
    });
    const url = app.url.replace('http://', 'http://user:p%40ss@');
    const result = await runKit(url, ...short, '--scenario', 'phone/caller-gives-up');
    const basic = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
    expect(seen[0]).toEqual(['POST', '/events', basic, 'BandwidthAPI/v1', 'incomingcall']);
    expect(result.url).toBe(app.url.replace('http://', 'http://user:***@'));
  });

  it('is a query with --callback-method GET', async () => {
    const seen: Record<string, string>[] = [];
    app = await serve((req, res) => {
      expect(req.method).toBe('GET');
      void eventOf(req).then((event) => {
        seen.push(event);
        res.end();
      });
    });
    await runKit(app.url, ...short, '--callback-method', 'get', '--scenario', 'phone/caller-gives-up');
    expect(seen[0]).toMatchObject({ eventType: 'incomingcall', to: '+15552220001' });
  });

  it('that is not answered in time is reported', async () => {
    app = await serve((req, res) => {
      void eventOf(req).then(({ eventType }) => {
        if (eventType !== 'hangup') res.end();
      });
    });
    const args = ['--callback-timeout', '1000', '--scenario', 'phone/caller-gives-up'];
    const result = await runKit(app.url, ...short, ...args);
    expect(codesOf(result)).toEqual(['event-unanswered']);
    expect(result.findings[0]?.texts).toEqual(['the event hangup was not answered within its callbackTimeout']);
  });

  it('of an unknown type that is answered with 500 has a finding of its own', async () => {
    app = await serve((req, res) => {
      void eventOf(req).then(({ eventType }) => res.writeHead(/unknown/.test(eventType ?? '') ? 500 : 200).end());
    });
    const result = await runKit(app.url, ...short, '--scenario', 'phone/unknown-event');
    expect(codesOf(result)).toEqual(['never-dialled', 'unknown-event-refused']);
    expect(exitCodeOf(result)).toBe(1);
  });

  it('goes to the fallback URL when the first one fails', async () => {
    const paths: string[] = [];
    app = await serve((req, res) => {
      paths.push(req.url ?? '');
      req.resume();
      res.writeHead(req.url === '/events' ? 500 : 200).end();
    });
    const fallback = ['--fallback-url', app.url.replace('/events', '/fallback')];
    const result = await runKit(app.url, ...short, ...fallback, '--scenario', 'phone/caller-gives-up-at-once');
    expect(paths.slice(0, 2)).toEqual(['/events', '/fallback']);
    expect(codesOf(result)).toEqual(['event-refused']);
  });
});

describe('events without the credentials of --url', () => {
  const withCredentials = () => app.url.replace('http://', 'http://user:pass@');
  const giveUp = [...short, '--scenario', 'phone/caller-gives-up-at-once'];

  it('that the app accepts are reported', async () => {
    const seen: [authorized: boolean, callId: string | undefined][] = [];
    app = await serve((req, res) => {
      void eventOf(req).then(({ callId }) => {
        seen.push([req.headers.authorization !== undefined, callId]);
        res.end();
      });
    });
    const result = await runKit(withCredentials(), ...giveUp);
    expect(result.findings.find(({ code }) => code === 'open-webhook')).toMatchObject({
      severity: 'warning',
      texts: ['the app answered an event without credentials with 200'],
    });
    expect(seen.filter(([authorized]) => !authorized)).toEqual([[false, 'c-kit-unknown']]);
    expect(exitCodeOf(result)).toBe(1);
  });

  it('that the app refuses are not reported', async () => {
    app = await serve((req, res) => {
      req.resume();
      res.writeHead(req.headers.authorization === undefined ? 401 : 200).end();
    });
    const result = await runKit(withCredentials(), ...giveUp);
    expect(codesOf(result)).not.toContain('open-webhook');
    expect(result.remarks).toEqual([]);
  });

  it('are not sent if --url has no credentials, and the report notes it', async () => {
    let events = 0;
    app = await serve((req, res) => {
      events += 1;
      req.resume();
      res.end();
    });
    const result = await runKit(app.url, ...giveUp);
    expect(result.events.sent).toBe(events);
    expect(codesOf(result)).not.toContain('open-webhook');
    expect(result.remarks).toEqual([expect.stringMatching(/^--url has no credentials/)]);
  });
});

describe('an app that is asked to make a call', () => {
  it('and answers 500 because the platform refused the dial has no finding', async () => {
    const dialled: number[] = [];
    let calls = '';
    app = await serve((req, res) => {
      void eventOf(req).then(async ({ to }) => {
        if (req.url === '/events') return res.end();
        const { status } = await fetch(calls, {
          method: 'POST',
          headers: {
            authorization: `Basic ${Buffer.from('t-testkit:s-testkit').toString('base64')}`,
            'content-type': 'application/json',
          },
          body: JSON.stringify({ from: '+1555444333', to, callbackUrl: app.url }),
        });
        dialled.push(status);
        return res.writeHead(status === 201 ? 201 : 500).end();
      });
    });
    const speak = ['--speak-url', app.url.replace('/events', '/calls'), '--scenario', 'speak/dial-refused'];
    const result = await run(optionsOf(['--url', app.url, ...short, ...speak]), {
      onListening: ({ url, user }) => (calls = `${url}/v1/users/${user.id}/calls`),
      onProgress: () => undefined,
      signal: new AbortController().signal,
    }).catch((error: unknown) => error);
    expect(dialled).toEqual([400]);
    expect(result).toMatchObject({ findings: [] });
  });

  it('and refuses has a finding', async () => {
    app = await serve((req, res) => {
      req.resume();
      res.writeHead(req.url === '/events' ? 200 : 404).end('no such path');
    });
    const speak = ['--speak-url', app.url.replace('/events', '/nowhere'), '--scenario', 'speak/spoken,phone/answered'];
    const result = await runKit(app.url, ...short, ...speak);
    expect(result.findings.find(({ code }) => code === 'speak-refused')?.texts).toEqual([
      '--speak-url answered 404: no such path',
    ]);
  });
});

describe('an app that the kit cannot judge', () => {
  it('accepts no event', async () => {
    app = await serve((req, res) => {
      req.resume();
      res.writeHead(401).end();
    });
    const running = runKit(app.url, ...short, '--scenario', 'phone/answered');
    await expect(running).rejects.toThrow(AppUnreachableError);
    await expect(running).rejects.toThrow(/accepted none of 2 events: .*401.*credentials/);
  });

  it('does not listen', async () => {
    app = await serve(() => undefined);
    const { url } = app;
    await app.close();
    await expect(runKit(url)).rejects.toThrow(/cannot connect to .*ECONNREFUSED/);
  });
});
