/** The files that contributors meet first: they must agree with the rest of the project. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const filesOf = (folder: string, end: string) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(end))
    .map((name) => join(folder, name));

const WORKFLOW = '.github/workflows/ci.yml';
const { engines, devDependencies } = JSON.parse(read('package.json')) as {
  engines: { node: string };
  devDependencies: Record<string, string>;
};
const floor = /^>=(\d+)/.exec(engines.node)?.[1];

describe('the CI workflow', () => {
  it('tests the oldest Node version that is supported, and newer ones', () => {
    const versions = /node: \[(.*)\]/.exec(read(WORKFLOW))?.[1]?.split(', ') ?? [];
    expect(versions.length).toBeGreaterThan(1);
    expect(versions[0]).toBe(floor);
  });

  it('runs the same checks as a release, with the oldest Node version and the whole history', () => {
    const text = read(WORKFLOW);
    expect(text).toMatch(/^ {6}- run: \.ci\/run$/m);
    expect(text).toContain(`container: node:${floor}-`);
    expect(text).toContain('fetch-depth: 0');
  });
});

it('ignores updates only of development dependencies that there are', () => {
  const names = [...read('.github/dependabot.yml').matchAll(/dependency-name: '?([^',]+)/g)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name = '') => !Object.hasOwn(devDependencies, name))).toEqual([]);
});

// GitHub shows no form that breaks one of these rules, and says so only on a page of the repository.
it.each(filesOf('.github/ISSUE_TEMPLATE', '.yml'))('GitHub accepts the issue form %s', (file) => {
  const text = read(file);
  for (const key of ['name', 'description', 'body']) expect(text).toMatch(new RegExp(`^${key}:`, 'm'));
  const fields = text.split(/^ {2}- type: /m).slice(1);
  const ids = [];
  for (const field of fields) {
    if (field.startsWith('markdown')) continue;
    expect(field).toMatch(/^ {6}label: \S/m);
    ids.push(/^ {4}id: ([a-z]+)$/m.exec(field)?.[1]);
  }
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).not.toContain(undefined);
});

it('asks for masked numbers in the logs of a bug report', () => {
  expect(read('.github/ISSUE_TEMPLATE/bug_report.yml')).toContain('LOG_NUMBERS=masked');
});
