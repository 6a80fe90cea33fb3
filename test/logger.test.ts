import pino from 'pino';
import { createLogger, redactUrl } from '../src/logger';

function written(write: (log: ReturnType<typeof createLogger>) => void, level = 'info'): string {
  const log = createLogger({ level, pretty: false });
  const stream = (log as unknown as Record<symbol, { write: (text: string) => void }>)[pino.symbols.streamSym];
  if (!stream) throw new Error('pino keeps its stream elsewhere');
  let text = '';
  jest.spyOn(stream, 'write').mockImplementation((line) => void (text += line));
  write(log);
  return text;
}

describe('the log', () => {
  it('is JSON with an ISO time, and nothing of the machine', () => {
    const line = JSON.parse(written((log) => log.info({ flowId: 'c-1' }, 'hello')));
    expect(line).toEqual({
      level: 30,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      flowId: 'c-1',
      msg: 'hello',
    });
  });

  it.each(['password', 'secret', 'token', 'apiToken', 'apiSecret', 'sipPassword', 'authorization', 'credentials'])(
    'never has a %s',
    (name) => {
      const text = written((log) => log.child({ part: 'x' }).info({ [name]: 'hunter2' }, 'm'));
      expect(text).toContain(`"${name}":"***"`);
      expect(text).not.toContain('hunter2');
    },
  );

  it('never has the Authorization of a request', () => {
    const headers = { authorization: 'Basic hunter2', host: 'x' };
    const text = written((log) => log.info({ headers, req: { headers } }, 'm'));
    expect(text).not.toContain('hunter2');
    expect(text).toContain('"host":"x"');
  });

  it('leaves out what is below its level', () => {
    expect(written((log) => log.info('x'), 'warn')).toBe('');
    expect(written((log) => log.error('x'), 'silent')).toBe('');
  });
});

describe('a URL in a log', () => {
  it.each([
    ['https://user:secret@host/path', 'https://***@host/path'],
    ['to http://user@host and ws://a:b@c', 'to http://***@host and ws://***@c'],
    ['https://host/a@b', 'https://host/a@b'],
  ])('%s', (url, redacted) => expect(redactUrl(url)).toBe(redacted));
});
