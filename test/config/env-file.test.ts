import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { parseEnvFile, readEnvFile } from '../../src/config/env-file';

const parse = (text: string) => parseEnvFile(Buffer.from(text));

describe('.env', () => {
  it.each([
    ['a value', 'PORT=3000\nHOST=::\n', { PORT: '3000', HOST: '::' }],
    ['spaces around', '  PORT = 3000  \n\tHOST\t=\tx\t', { PORT: '3000', HOST: 'x' }],
    ['an empty value', 'PORT=\nHOST= # none\nA=""', { PORT: '', HOST: '', A: '' }],
    ['comments', '# a = b\n\n  # c\nPORT=1 # d # e\n', { PORT: '1' }],
    ['quotes', `A="a # b"\nB='it "is"'\nC=\`\\n'"\` # x`, { A: 'a # b', B: 'it "is"', C: `\\n'"` }],
    ['quotes inside', 'A=x"y"z', { A: 'x"y"z' }],
    ['"=" in a value', 'LINES=+1=sip:a@b=c', { LINES: '+1=sip:a@b=c' }],
    ['an escaped line break', 'A="x\\ny"', { A: 'x\ny' }],
    ['several lines', 'A="x\ny # z"\nB=1', { A: 'x\ny # z', B: '1' }],
    ['export', 'export A=1\nexport  B=2', { A: '1', B: '2' }],
    ['a variable called export', 'export=1', { export: '1' }],
    ['CRLF', 'A=1\r\nB="x"\r\n', { A: '1', B: 'x' }],
    ['CR alone', 'A=1\rB=2\r', { A: '1', B: '2' }],
    ['a byte order mark', '\ufeffPORT=3000', { PORT: '3000' }],
    [
      'names that objects have',
      '__proto__=1\nconstructor=2',
      Object.fromEntries([
        ['__proto__', '1'],
        ['constructor', '2'],
      ]),
    ],
    ['nothing', '', {}],
  ])('has %s', (_what, text, values) => {
    expect(parse(text)).toEqual({ values, faults: [] });
  });

  it.each([
    ['no "="', 'A=1\nSE5AME\n', 'line 2 has no "="; write NAME=value, or put # before a comment'],
    ['a colon for "="', 'PORT: se5ame', 'line 1 has no "="'],
    ['no name', '=se5ame', 'line 1 has a name that is not letters, digits and underscores'],
    ['a name of two words', 'A se5ame=1', 'line 1 has a name that is not letters, digits and underscores'],
    ['a name that begins with a digit', '1A=se5ame', 'line 1 has a name that'],
    ['an open quote', 'A="se5ame\nB=2\n', 'line 1 has no closing " for the value of A; add it'],
    ['an open quote before others', `A="se5ame\nB="2"\n`, 'line 1 has no closing " for the value of A'],
    ['an open quote of another kind', `A='se5ame"`, `line 1 has no closing ' for the value of A`],
    ['text after a quote', 'A="x" se5ame', 'line 1 has text after the closing " of A; use another kind of quote'],
    ['a quote in quotes', 'A="x"se5ame"', 'line 1 has text after the closing " of A'],
    ['"#" in a value', 'A=se5ame#b', 'line 1 has a "#" in the value of A; put the value in quotes, or a space'],
    ['"#" at the beginning of a value', 'A=#se5ame', 'line 1 has a "#" in the value of A'],
    ['a name twice', 'A=1\n\nA=se5ame', 'line 3 sets A again, after line 1; keep one of them'],
  ])('with %s is refused, without the value', (_what, text, fault) => {
    const { faults } = parse(text);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(`.env ${fault}`);
    expect(faults[0]?.toLowerCase()).not.toContain('se5ame');
  });

  it('reports every fault, and keeps the other lines', () => {
    const { values, faults } = parse('A=1\nB\nC="x\nD=2\nA=3\n');
    expect(faults.map((fault) => fault.split(' ', 3).join(' '))).toEqual(['.env line 2', '.env line 3', '.env line 5']);
    expect(values).toEqual({ A: '1', D: '2' });
  });

  it.each([
    ['with a mark', Buffer.from('\ufeffPORT=3000\r\n', 'utf16le')],
    ['without a mark', Buffer.from('PORT=3000\r\n', 'utf16le')],
    ['of the other byte order', Buffer.from('\ufeffPORT=3000\r\n', 'utf16le').swap16()],
  ])('in UTF-16 %s is named, with the remedy', (_what, bytes) => {
    expect(parseEnvFile(bytes)).toEqual({
      values: {},
      faults: ['.env is encoded in UTF-16; save it as UTF-8 (PowerShell: Out-File -Encoding utf8)'],
    });
  });

  it('in another encoding is reported', () => {
    expect(parseEnvFile(Buffer.from('A=é', 'latin1')).faults).toEqual(['.env is not valid UTF-8; save it as UTF-8']);
  });

  it('drops nothing: each line is a comment, an entry or a fault', () => {
    const piece = fc.constantFrom('A', 'B=', '=', '"', "'", '`', '#', ' ', '\n', '\r\n', 'export ', 'x', '\\n', ':');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
        const text = pieces.join('');
        const { values, faults } = parse(text);
        if (faults.length > 0) return;
        const lines = text.split(/\r\n|\n/).filter((line) => !/^\s*(#.*)?$/.test(line));
        expect(Object.keys(values).length > 0).toBe(lines.length > 0);
      }),
      { numRuns: 2_000 },
    );
  });

  it('returns the written value, in each kind of quotes and without quotes', () => {
    const value = fc.string({ unit: fc.constantFrom('a', '1', '=', ' ', '#', '"', "'", '\\', '$', 'é') });
    const entries = fc.dictionary(fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,5}$/), value);
    fc.assert(
      fc.property(entries, fc.constantFrom('"', "'", '`', ''), (given, quote) => {
        const fits = ([, text]: [string, string]) =>
          quote === '' ? !/^[\s"'`]|#|\s$/.test(text) : !text.includes(quote) && !text.includes('\\');
        const written = Object.fromEntries(Object.entries(given).filter(fits));
        const lines = Object.entries(written).map(([name, text]) => `${name}=${quote}${text}${quote}`);
        expect(parse(lines.join('\n'))).toEqual({ values: written, faults: [] });
      }),
    );
  });
});

describe('the file', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tandem-'));
    file = join(folder, '.env');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('may be missing', () => {
    expect(readEnvFile(file)).toEqual({ values: {}, faults: [] });
  });

  it('is read', () => {
    writeFileSync(file, 'PORT=1');
    expect(readEnvFile(file)).toEqual({ values: { PORT: '1' }, faults: [] });
  });

  it('may be a link', () => {
    symlinkSync('/dev/null', file);
    expect(readEnvFile(file)).toEqual({ values: {}, faults: [] });
  });

  it('is reported if it is a directory', () => {
    mkdirSync(file);
    expect(readEnvFile(file).faults).toEqual([
      `${file} is a directory; remove it, or replace it with a text file of NAME=value lines`,
    ]);
  });

  it('is reported if it is a dangling link', () => {
    symlinkSync(join(folder, 'nothing'), file);
    expect(readEnvFile(file).faults).toEqual([expect.stringContaining('is a link to a file that does not exist')]);
  });

  it('is reported if it cannot be read', () => {
    symlinkSync(file, file);
    expect(readEnvFile(file).faults).toEqual([expect.stringMatching(/\.env cannot be read \(.*ELOOP.*\); replace it/)]);
  });
});
