/** The copy-paste detector, with the settings of the project. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const ROOT = join(__dirname, '../..');

jest.setTimeout(60_000);

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tandem-duplicates-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** The exit code for two files that share as many lines, and a comment in one of them. */
function check(lines: number): number | null {
  const shared = Array.from({ length: lines }, (_, i) => `shared${i}(call, leg);`);
  writeFileSync(join(folder, 'one.ts'), ['if (one) {', ...shared, 'one.end();', ''].join('\n'));
  const [first = '', ...others] = shared;
  writeFileSync(join(folder, 'two.ts'), ['let two;', first, '// why', ...others, 'return [two];', ''].join('\n'));
  const { status, stdout } = spawnSync(
    join(ROOT, 'node_modules/.bin/jscpd'),
    ['--config', join(ROOT, '.jscpd.json'), folder],
    { cwd: ROOT, encoding: 'utf8' },
  );
  // Both files were read.
  expect(stripVTControlCharacters(stdout)).toMatch(/typescript +│ 2 /);
  return status;
}

// It counts the line after the shared ones too, except at the end of a file: at twelve lines it may go either way.
it('allows two places to share eleven lines', () => expect(check(11)).toBe(0));

it('finds two places that share thirteen lines', () => expect(check(13)).toBe(1));
