import { join } from 'node:path';
import { RuleTester, type Rule } from 'eslint';
import { parser } from 'typescript-eslint';

const rule = jest.requireActual<Rule.RuleModule>('../../lint/guarded-callbacks.cjs');

// The first case loads the compiler.
jest.setTimeout(120_000);

const tester = new RuleTester({
  languageOptions: {
    parser,
    parserOptions: {
      projectService: { allowDefaultProject: ['*.ts'], defaultProject: 'lint/tsconfig.case.json' },
      tsconfigRootDir: join(__dirname, '../..'),
    },
  },
});

const GIVEN = `
  import { createSocket } from 'node:dgram';
  import { connect, createServer } from 'node:net';
  import { pipeline } from 'node:stream/promises';
  import type { Guarded, InternalErrors } from './src/support/internal-errors';
  declare const internalErrors: InternalErrors;
  declare const work: (value?: unknown) => void;
  declare const log: { warn(fields: object, text: string): void };
  const socket = connect(1);
`;
const found = (code: string, errors = 1) => ({
  code: GIVEN + code,
  filename: 'case.ts',
  errors: Array.from({ length: errors }, () => ({ messageId: 'unguarded' })),
});
const fine = (code: string) => ({ code: GIVEN + code, filename: 'case.ts' });

tester.run('guarded-callbacks', rule, {
  invalid: [
    found('setTimeout(() => work(), 10);'),
    found('setTimeout(work, 10);'),
    found('setInterval(() => { work(); }, 10);'),
    found('setImmediate(work); queueMicrotask(work); process.nextTick(work);', 3),
    found(`socket.on('data', (chunk) => work(chunk));`),
    found(`socket.once('close', () => work()); socket.addListener('end', work);`, 2),
    found('socket.setTimeout(10, () => work());'),
    found(`socket.write('text', () => work());`),
    found(`createSocket('udp4').send('text', 1, () => work());`),
    found(`createServer((connection) => work(connection)).listen(0, () => work());`, 2),
    found(`declare const signal: AbortSignal; signal.addEventListener('abort', () => work());`),
    found(`function later() { work(); } setTimeout(later, 10);`),
    found('const later = () => work(); setTimeout(later, 10);'),
    found('let later = () => undefined; later = work as never; setTimeout(later, 10);'),
    // The catch is the guard, and only of what is in the try.
    found('setTimeout(() => { work(); try { work(); } catch {} }, 10);'),
    found('setTimeout(() => { try { work(); } finally { work(); } }, 10);'),
    found('new Promise((resolve) => setTimeout(() => { work(); resolve(1); }, 10));'),
    found(`setTimeout(() => log.warn({ value: work() }, 'late'), 10);`),
    // Not the type of a guarded callback, whatever its name.
    found('const guard = (run: () => void) => run; setTimeout(guard(work), 10);'),
  ],
  valid: [
    fine(`setTimeout(internalErrors.guard('timer', work), 10);`),
    fine(`const later = internalErrors.guard('timer', () => work()); setTimeout(later, 10);`),
    fine(`class Holder { readonly #later: Guarded<[]> = internalErrors.guard('timer', work);
      start() { setTimeout(this.#later, 10); } }`),
    fine(`const later = internalErrors.guard('timer', work); setTimeout(() => { later(); }, 10);`),
    fine('new Promise((resolve) => setTimeout(resolve, 10));'),
    fine('new Promise((resolve) => setTimeout(() => resolve(1), 10));'),
    fine(`new Promise((resolve, reject) => { const timer = setTimeout(() => reject(new Error('late')), 10);
      socket.once('error', reject); socket.once('close', () => { clearTimeout(timer); resolve(1); }); });`),
    fine(`let failure: Error | undefined; socket.on('error', (error) => (failure = error));`),
    fine(`socket.on('error', () => undefined); socket.on('error', (err) => log.warn({ err }, 'broken'));`),
    fine(`setTimeout(() => socket.destroy(new Error('late')), 10);`),
    fine(
      `socket.on('data', (chunk) => { if (chunk.length === 0) return; try { work(chunk); } catch (error) { work(error); } });`,
    ),
    fine('function later() { try { work(); } catch {} } setTimeout(later, 10);'),
    // Called at once, or by something else than the event loop.
    fine('[1].map((value) => work(value)); Promise.resolve().then(() => work());'),
    fine('void pipeline(async function* () { work(); yield 1; }, socket);'),
    // The last resort itself.
    fine(`process.on('uncaughtException', () => work()); process.stdout.on('error', () => work());`),
    fine(`socket.off('data', work);`),
  ],
});
