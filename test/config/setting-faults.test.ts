/** Errors of settings that show only when Tandem uses them. */
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkFolders, explainListen, readCertificate, unknownSettings } from '../../src/config/setting-faults';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const recordings = (recordingsDir: string) => () => checkFolders({ recordingsDir, languagesDir: undefined });
const languages = (languagesDir: string) => () => checkFolders({ recordingsDir: undefined, languagesDir });

describe('RECORDINGS_DIR', () => {
  it('is created with its parents, and left empty', () => {
    const directory = join(folder, 'a', 'b');
    recordings(directory)();
    recordings(directory)();
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each(['/proc/foo', '/proc/foo/bar', '/proc', '/dev/null', '/dev/null/x', '/sys/foo', '/proc/self/fd'])(
    '%s is refused at once',
    (directory) => {
      expect(recordings(directory)).toThrow(
        /- RECORDINGS_DIR \/\S+ cannot be written to \(.+\); give a directory that this user can write to, or remove/,
      );
    },
  );

  it('is refused below a file, and in a loop of links', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    symlinkSync('loop', join(folder, 'loop'));
    symlinkSync('nowhere', join(folder, 'dangling'));
    for (const name of ['file', 'file/x', 'loop', 'loop/x', 'dangling', 'dangling/x'])
      expect(recordings(join(folder, name))).toThrow(/RECORDINGS_DIR .* cannot be written to/);
  });
});

describe('SPEECH_LANGUAGES_DIR', () => {
  it('has language files', () => {
    expect(languages(folder)).toThrow(
      /SPEECH_LANGUAGES_DIR .* cannot be used \(.*no \*_ta\.bin and \*_sg\.bin files\)/,
    );
    for (const file of ['de-DE_ta.bin', 'de-DE_gl0_sg.bin']) writeFileSync(join(folder, file), '');
    expect(languages(folder)).not.toThrow();
  });

  it('is refused if it cannot be read', () => {
    expect(languages(join(folder, 'nowhere'))).toThrow(/SPEECH_LANGUAGES_DIR .*ENOENT.*; give the directory of Pico's/);
  });
});

it('reports all unusable directories, and ignores missing settings', () => {
  const both = { recordingsDir: '/proc/foo', languagesDir: join(folder, 'nowhere') };
  expect(() => checkFolders(both)).toThrow(/RECORDINGS_DIR.*\n.*SPEECH_LANGUAGES_DIR/);
  expect(() => checkFolders({ recordingsDir: undefined, languagesDir: undefined })).not.toThrow();
});

it('reports an unreadable certificate by the name of its setting', () => {
  const certFile = join(folder, 'cert.pem');
  writeFileSync(certFile, 'PEM');
  expect(() => readCertificate({ certFile, keyFile: join(folder, 'none') })).toThrow(/SIP_TLS_KEY \S+ cannot be read/);
});

it('reports files without a certificate and a key', () => {
  const file = join(folder, 'cert.pem');
  writeFileSync(file, 'PEM');
  const read = () => readCertificate({ certFile: file, keyFile: file });
  expect(read).toThrow(/SIP_TLS_CERT and SIP_TLS_KEY are not a certificate and its key \(.*\); give PEM files/);
});

it('lists names of .env that are not settings', () => {
  expect(unknownSettings({ PORT: '1', PROT: '2', SIP_PASSWORD: 'x', NODE_ENV: '' })).toEqual(['PROT']);
});

describe('an error of listen', () => {
  const at = { setting: 'SIP_PORT', port: 80, hostSetting: 'SIP_HOST', host: 'foo' } as const;
  const failed = (code: string) => explainListen(Object.assign(new Error('listen'), { code }), at);

  it.each([
    ['EADDRINUSE', 'SIP_PORT 80 is in use; stop the program that listens there, or set another port'],
    ['EACCES', 'SIP_PORT 80 needs privileges that this user does not have; set a port above 1023'],
    ['EADDRNOTAVAIL', 'SIP_HOST foo is not an address of this machine; give one like 127.0.0.1, or 0.0.0.0 for all'],
    ['ENOTFOUND', 'SIP_HOST foo is not an address of this machine; give one like 127.0.0.1, or 0.0.0.0 for all'],
  ])('%s is explained by the settings', (code, fault) => {
    expect(failed(code)).toMatchObject({ code: 'bad-settings', faults: [fault] });
  });

  it('is unchanged if the settings are not the cause', () => {
    expect(failed('EMFILE')).toMatchObject({ code: 'EMFILE' });
    expect(explainListen('what', at)).toBe('what');
  });
});
