interface Result {
  testFilePath: string;
  numFailingTests: number;
  testExecError?: Error;
}
interface Reporter {
  onRunComplete(contexts: unknown, results: { testResults: Result[] }): void;
}
type ReporterClass = new (
  config: { seed: number; rootDir: string },
  options: { command: string; write: (text: string) => void },
) => Reporter;
// eslint-disable-next-line @typescript-eslint/no-require-imports -- jest's reporters are CommonJS without types
const Repeat = require('./repeat.cjs') as ReporterClass;

const SETTINGS = ['CHAOS_SEED', 'TESTKIT_SEED', 'EXPLORE'];
const before = SETTINGS.map((name) => [name, process.env[name]] as const);
beforeEach(() => SETTINGS.forEach((name) => delete process.env[name]));
afterEach(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

function reportOf(testResults: Result[]): string {
  let text = '';
  const options = { command: 'npm test', write: (more: string) => void (text += more) };
  new Repeat({ seed: -7, rootDir: '/tandem' }, options).onRunComplete(undefined, { testResults });
  return text.trim();
}

const passed = { testFilePath: '/tandem/test/a.test.ts', numFailingTests: 0 };
const failed = { testFilePath: '/tandem/test/b.test.ts', numFailingTests: 2 };
const unreadable = { testFilePath: '/tandem/test/c.test.ts', numFailingTests: 0, testExecError: new Error('syntax') };

it('names the seed and the files that failed', () => {
  expect(reportOf([passed, failed, unreadable])).toBe('repeat: npm test -- --seed=-7 test/b.test.ts test/c.test.ts');
});

it('names the seeds of what the tests draw, where they are set', () => {
  process.env['CHAOS_SEED'] = '5';
  expect(reportOf([failed])).toBe('repeat: CHAOS_SEED=5 npm test -- --seed=-7 test/b.test.ts');
});

it('says nothing where all passed', () => {
  expect(reportOf([passed])).toBe('');
});
