import { createLogger, redactUrl, type Logger, type LoggerOptions } from '../../src/support/logger';
import { hasKeyTwice, readLogLine } from '../helpers/builders';

function written(write: (log: Logger) => void, options: Partial<LoggerOptions> = {}): string {
  let text = '';
  const destination = { write: (line: string) => void (text += line) };
  write(createLogger({ level: 'info', pretty: false, destination, ...options }));
  return text;
}

describe('the log', () => {
  it('is JSON with an ISO time, without the host name and the process id', () => {
    const line = JSON.parse(written((log) => log.info({ event: 'greeting', sessionId: 'c-1' }, 'hello')));
    expect(line).toEqual({
      level: 30,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      event: 'greeting',
      sessionId: 'c-1',
      msg: 'hello',
    });
  });

  it('rejects lines without an event code, and with keys of pino', () => {
    const log = createLogger({ level: 'silent', pretty: false });
    // @ts-expect-error a text alone has no event code
    log.info('hello');
    // @ts-expect-error fields without an event code
    log.info({ sessionId: 'c-1' }, 'hello');
    // @ts-expect-error pino writes msg itself
    log.info({ event: 'greeting', msg: 'x' }, 'hello');
    // @ts-expect-error pino writes level itself
    log.child({ level: 'x' });
    expect(log).toBeDefined();
  });

  it('never repeats a key: fields replace bindings, and bindings replace those of the parent', () => {
    const text = written((log) =>
      log.child({ part: 'a', callId: 'c-1' }).child({ part: 'b' }).info({ event: 'greeting', callId: 'c-2' }, 'hello'),
    );
    expect(readLogLine(text)).toMatchObject({ part: 'b', callId: 'c-2' });
    expect(text.match(/"(part|callId)"/g)).toEqual(['"part"', '"callId"']);
  });

  it('detects repeated keys', () => {
    expect(hasKeyTwice('{"a":1,"b":{"a":"\\"a\\":{"},"c":["a",{"a":1}]}')).toBe(false);
    expect(hasKeyTwice('{"a":1,"b":"}","a":2}')).toBe(true);
    expect(hasKeyTwice('{"b":{"a":1,"a":2}}')).toBe(true);
  });

  it.each(['password', 'secret', 'token', 'apiToken', 'apiSecret', 'sipPassword', 'authorization', 'credentials'])(
    'never has a %s',
    (name) => {
      for (const numbers of ['full', 'masked'] as const) {
        const text = written((log) => log.child({ part: 'x' }).info({ event: 'x', [name]: 'hunter2' }, 'm'), {
          numbers,
        });
        expect(text).toContain(`"${name}":"***"`);
        expect(text).not.toContain('hunter2');
      }
    },
  );

  it('never contains the Authorization of a request', () => {
    const headers = { authorization: 'Basic hunter2', host: 'x' };
    const text = written((log) => log.info({ event: 'x', headers, req: { headers } }, 'm'));
    expect(text).not.toContain('hunter2');
    expect(text).toContain('"host":"x"');
  });

  it('omits lines below its level', () => {
    expect(written((log) => log.info({ event: 'x' }, 'x'), { level: 'warn' })).toBe('');
    expect(written((log) => log.error({ event: 'x' }, 'x'), { level: 'silent' })).toBe('');
  });
});

describe('masked numbers in the log', () => {
  it.each([
    ['+15551234533', '+1555*****33'],
    ['+15554443', '+1*****43'],
    ['sip:+15551234533@example.com', 'sip:+1555*****33@example.com'],
    ['sip:alice@example.com:5060;transport=tcp', 'sip:***ce@example.com:5060;transport=tcp'],
    ['"Al" <sips:alice:secret@example.com>', '"Al" <sips:***ce:***@example.com>'],
    ['alice', '***ce'],
    ['bob', '***'],
    ['911', '***'],
    ['5551234533', '555*****33'],
    ['tel:+15551234533', 'tel:+1555*****33'],
  ])('a party %s becomes %s', (party, masked) => {
    for (const name of ['from', 'to', 'user']) {
      const log = (logger: Logger): void => logger.child({ [name]: party }).info({ event: 'x' }, 'm');
      expect(JSON.parse(written(log, { numbers: 'masked' }))).toHaveProperty(name, masked);
      expect(JSON.parse(written(log))).toHaveProperty(name, party);
    }
  });

  it('are masked in every text, list, error and message', () => {
    const err = new Error('no way to sip:alice@example.com');
    const text = written(
      (log) =>
        log.error(
          {
            event: 'x',
            err,
            detail: 'to must not be +15551234533',
            note: '5551234533 is neither an endpoint nor a number, nor is 0015551234533.',
            path: '/endpoints/sip%3Aalice%40example.com/%2B15551234533',
            names: ['+15551234533'],
            more: { remote: 'sip:alice@example.com' },
          },
          'called +15551234533',
        ),
      { numbers: 'masked' },
    );
    expect(text).not.toMatch(/alice|1234533/);
    expect(JSON.parse(text)).toMatchObject({
      err: { type: 'Error', message: 'no way to sip:***ce@example.com', stack: expect.stringContaining('***ce@') },
      detail: 'to must not be +1555*****33',
      note: '555*****33 is neither an endpoint nor a number, nor is 0015*******33.',
      path: '/endpoints/sip%3A***ce%40example.com/%2B1555*****33',
      names: ['+1555*****33'],
      more: { remote: 'sip:***ce@example.com' },
      msg: 'called +1555*****33',
    });
  });

  it('are fast for long texts', () => {
    const detail = `${'a:'.repeat(30_000)} ${'b'.repeat(60_000)} @x`;
    const started = performance.now();
    written((log) => log.info({ event: 'x', detail }, 'm'), { numbers: 'masked' });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('leave ids, times, addresses and counts as they are', () => {
    const fields = {
      callId: 'abc@10.0.0.1',
      time0: '2026-11-28T23:00:00+00:00',
      url: 'http://127.0.0.1:5060/x',
      ms: 12,
    };
    const text = written((log) => log.info({ event: 'x', ...fields }, 'm'), { numbers: 'masked' });
    expect(JSON.parse(text)).toMatchObject(fields);
  });
});

describe('a URL in a log', () => {
  it.each([
    ['https://user:secret@host/path', 'https://***@host/path'],
    ['to http://user@host and ws://a:b@c', 'to http://***@host and ws://***@c'],
    ['https://host/a@b', 'https://host/a@b'],
  ])('%s', (url, redacted) => expect(redactUrl(url)).toBe(redacted));
});
