import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SCRIPT = join(__dirname, '../../scripts/check-commits.cjs');
const { problemsOf } = jest.requireActual<{ problemsOf: (subject: string) => string[] }>(SCRIPT);

describe('a subject', () => {
  it.each([
    'feat: speak French',
    'fix(sip): answer an INFO without a DTMF key with 400',
    'refactor(v1-wire)!: drop the old names',
    `docs: ${'x'.repeat(66)}`,
    // 72 characters, of which one has two code units.
    `docs: ${'x'.repeat(65)}📞`,
  ])('is right: %s', (subject) => expect(problemsOf(subject)).toEqual([]));

  it.each([
    'Speak French',
    'feat speak French',
    'feat:speak French',
    'feat:  speak French',
    'feat(): speak French',
    'feature: speak French',
    'Feat: speak French',
    'constructor: speak French',
    'Revert "feat: speak French"',
    'feat: speak French.',
    `docs: ${'x'.repeat(67)}`,
  ])('is wrong: %s', (subject) => expect(problemsOf(subject)).toHaveLength(1));
});

describe('a clone', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tandem-commits-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  // Without the variables that git sets for its hooks: they name the repository of Tandem.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
  function run(command: string, args: string[], cwd = folder) {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
    return { status, stdout: stdout.trim(), stderr };
  }
  const git = (...args: string[]) => run('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.com', ...args]);
  function commit(subject: string): string {
    git('commit', '--quiet', '--allow-empty', '-m', subject);
    return git('rev-parse', 'HEAD').stdout;
  }
  const check = (base: string, cwd = folder) => run(process.execPath, [SCRIPT, base], cwd);

  it('is checked after the base, merges left out', () => {
    git('init', '--quiet', '--initial-branch=main');
    const base = commit('an old one');
    git('checkout', '--quiet', '-b', 'topic');
    commit('feat: a topic');
    git('checkout', '--quiet', 'main');
    commit('fix: a mistake');
    git('merge', '--quiet', '--no-ff', '-m', 'Merge branch topic', 'topic');
    expect(check(base)).toMatchObject({ status: 0, stdout: '2 commit subjects checked, 0 wrong' });
    commit('a wrong one');
    const { status, stdout, stderr } = check(base);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '3 commit subjects checked, 1 wrong' });
    expect(stderr).toContain('a wrong one');
  });

  it('says what it leaves out without the base, and checks the newest', () => {
    git('init', '--quiet', '--initial-branch=main');
    const base = commit('an old one');
    commit('feat: one');
    commit('feat: two');
    const shallow = join(folder, 'shallow');
    git('clone', '--quiet', '--depth', '2', `file://${folder}`, shallow);
    const { status, stdout } = check(base, shallow);
    expect(status).toBe(0);
    expect(stdout).toContain(`LEFT OUT: commit ${base}`);
    expect(stdout).toContain('2 commit subjects checked, 0 wrong');
  });

  it('is not expected of exported files, in the repository of another project either', () => {
    expect(check('HEAD')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^LEFT OUT: /) });
    git('init', '--quiet', '--initial-branch=main');
    commit('a subject of that project');
    const exported = join(folder, 'vendor');
    mkdirSync(exported);
    expect(check('HEAD', exported)).toMatchObject({ status: 0, stdout: expect.stringMatching(/^LEFT OUT: /) });
  });
});
