/** Property names of every plain object as command-line values: each is plain text, or refused. */
import fc from 'fast-check';
import { UsageError } from '../../src/support/errors';
import { parseOptions, type Options } from '../../src/testkit/options';
import { eventOf, optionsOf, runKit, serve } from './run-kit';

const name = fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf');
const URL = ['--url', 'http://127.0.0.1:3000/webhooks/voice', '--speak-url', 'http://127.0.0.1:3000/calls'];
const parse = (...args: string[]) => parseOptions([...URL, ...args], 1);

it('an option of such a name is unknown', () => {
  fc.assert(
    fc.property(name, fc.constantFrom('', '=1', '=__proto__'), (text, value) => {
      expect(() => parse(`--${text}${value}`)).toThrow(UsageError);
      expect(() => parse(`--no-${text}`)).toThrow(UsageError);
      expect(() => parse(text)).toThrow(UsageError);
    }),
  );
});

it.each<[flag: string, read: (options: Options) => unknown]>([
  ['user-id', ({ user }) => user.id],
  ['api-token', ({ user }) => user.token],
  ['api-secret', ({ user }) => user.secret],
  ['speak-body', ({ speak }) => speak?.body],
  ['json', ({ json }) => json],
  ['junit', ({ junit }) => junit],
])('--%s takes any text', (flag, read) => {
  fc.assert(fc.property(name, (text) => expect(read(optionsOf([...URL, `--${flag}`, text]))).toBe(text)));
});

it.each([
  ...['url', 'fallback-url', 'public-url', 'speak-url', 'listen', 'callback-method', 'callback-timeout'],
  ...[
    'number',
    'endpoint',
    'scenario',
    'faults',
    'calls',
    'concurrency',
    'seed',
    'time-scale',
    'settle',
    'wait',
    'call',
  ],
])('--%s is refused', (flag) => {
  fc.assert(fc.property(name, (text) => expect(() => parse(`--${flag}`, text)).toThrow(UsageError)));
});

it('a part of a scenario, of a fault or of an address is refused, or kept', () => {
  fc.assert(
    fc.property(name, name, (a, b) => {
      for (const text of [`phone/${a}`, `${a}/busy`, `busy,${a}`, `${a}/${b}`])
        expect(() => parse('--scenario', text)).toThrow(UsageError);
      for (const text of [`${a}=1`, `drop=${a}`, `all,${a}=0`, `all=${a}`])
        expect(() => parse('--faults', text)).toThrow(UsageError);
      expect(optionsOf([...URL, '--endpoint', `sip:${a}@${b}`]).endpoint).toBe(`sip:${a}@${b}`);
    }),
  );
});

it('a header of --speak-url arrives, or is refused', async () => {
  const headers = new Map<string, string>();
  const app = await serve((req, res) => {
    for (let at = 0; at < req.rawHeaders.length; at += 2)
      headers.set(req.rawHeaders[at]?.toLowerCase() ?? '', req.rawHeaders[at + 1] ?? '');
    void eventOf(req).then(() => res.writeHead(400).end());
  });
  const names = ['constructor', 'toString', 'hasOwnProperty', 'valueOf'];
  const given = names.flatMap((each) => ['--speak-header', `${each}: ${each}`]);
  const args = ['--faults', 'none', '--calls', '1', '--settle', '1', '--scenario', 'speak/spoken', '--speak-url'];
  await runKit(app.url, ...args, app.url, ...given);
  await app.close();
  for (const each of names) expect(headers.get(each.toLowerCase())).toBe(each);
  expect(() => parse('--speak-header', '__proto__: x')).toThrow(UsageError);
});
