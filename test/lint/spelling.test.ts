/** The spell checker, with the settings and the words of the project. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');

// It loads its dictionaries.
jest.setTimeout(120_000);

/** The words that it does not know, in a text that stands in a file of that name. */
function unknownWords(file: string, text: string): string[] {
  const args = ['lint', '--no-progress', '--no-summary', '--words-only', `stdin://${join(ROOT, file)}`];
  const { stdout } = spawnSync(join(ROOT, 'node_modules/.bin/cspell'), args, {
    cwd: ROOT,
    input: text,
    encoding: 'utf8',
  });
  return stdout.split('\n').filter(Boolean);
}

it('finds typing errors in names, texts and comments of sources', () => {
  // cspell:disable-next-line
  const text = `// Recieves a call.\nconst registrtaion = 'the calle';`;
  // cspell:disable-next-line
  expect(unknownWords('src/example.ts', text)).toEqual(['Recieves', 'registrtaion', 'calle']);
});

it('knows the words of the field, British and American', () => {
  const text = `A callee's colour, the licence of the license: DTMF, SSRC, rtpmap, \`t-abcdefghijklmnopqrstuvwx\`.`;
  expect(unknownWords('notes/example.md', text)).toEqual([]);
});

it('reads names of tests and comments, and leaves out messages under test', () => {
  const misspelled = 'exampel'; // cspell:disable-line
  const text = `// ${misspelled}1\nit('a ${misspelled}2', () => expect('${misspelled}3').toBe(${misspelled}4));`;
  expect(unknownWords('test/example.test.ts', text)).toEqual([misspelled, misspelled]);
});

it('has each word of the project once, in lower case, sorted by section', () => {
  const sections = readFileSync(join(ROOT, 'lint/words.txt'), 'utf8')
    .split(/^#.*$/m)
    .map((section) => section.split('\n').filter(Boolean));
  const words = sections.flat();
  expect(words).toEqual(words.map((word) => word.toLowerCase()));
  expect(words).toHaveLength(new Set(words).size);
  for (const section of sections) expect(section).toEqual([...section].sort());
});
