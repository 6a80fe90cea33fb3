import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTextFile } from '../../src/config/text-file';

const folder = mkdtempSync(join(tmpdir(), 'tandem-text-'));
const file = join(folder, 'lines.txt');
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ['plain', Buffer.from('a=é\n')],
  ['with a byte order mark', Buffer.from('\ufeffa=é\n')],
])('%s: its text', (_, bytes) => {
  writeFileSync(file, bytes);
  expect(readTextFile(file)).toBe('a=é\n');
});

it.each([
  ['UTF-16', Buffer.from('\ufeffsecret', 'utf16le'), 'the file is encoded in UTF-16; save it as UTF-8 (PowerShell:'],
  ['Latin-1', Buffer.from('secreté', 'latin1'), 'the file is not valid UTF-8; save it as UTF-8'],
])('%s: what is wrong, without the content', (_, bytes, fault) => {
  writeFileSync(file, bytes);
  expect(() => readTextFile(file)).toThrow(fault);
  expect(() => readTextFile(file)).not.toThrow('secret');
});
