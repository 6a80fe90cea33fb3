/** What is told of settings that turn out to be wrong when they are used. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkFolders, explainListen, readCertificate, unknownSettings } from '../src/setting-faults';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a folder', () => {
  it('for recordings is made', () => {
    const recordingsDir = join(folder, 'a', 'b');
    checkFolders({ recordingsDir, languagesDir: folder });
    expect(existsSync(recordingsDir)).toBe(true);
  });

  it('that cannot be had is told, with the others', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const check = () => checkFolders({ recordingsDir: join(file, 'x'), languagesDir: join(folder, 'nowhere') });
    expect(check).toThrow(/RECORDINGS_DIR cannot be written to \(.*ENOTDIR.*\); give a folder, or leave it out\n/);
    expect(check).toThrow(/SPEECH_LANGUAGES_DIR cannot be read \(.*ENOENT.*\); give the folder of Pico's files/);
  });

  it('that is left out is not looked at', () => {
    expect(() => checkFolders({ recordingsDir: undefined, languagesDir: undefined })).not.toThrow();
  });
});

it('a certificate that cannot be read is told by its setting', () => {
  const certFile = join(folder, 'cert.pem');
  writeFileSync(certFile, 'PEM');
  expect(() => readCertificate({ certFile, keyFile: join(folder, 'none') })).toThrow(/SIP_TLS_KEY cannot be read/);
});

it('files that hold no certificate and no key are told', () => {
  const file = join(folder, 'cert.pem');
  writeFileSync(file, 'PEM');
  const read = () => readCertificate({ certFile: file, keyFile: file });
  expect(read).toThrow(/SIP_TLS_CERT and SIP_TLS_KEY are no certificate and its key \(.*\); give files of PEM/);
});

it('names of an .env that are no settings are known', () => {
  expect(unknownSettings({ PORT: '1', PROT: '2', SIP_PASSWORD: 'x', NODE_ENV: '' })).toEqual(['PROT']);
});

describe('what listen threw', () => {
  const at = { setting: 'SIP_PORT', port: 80, hostSetting: 'SIP_HOST', host: 'foo' } as const;
  const failed = (code: string) => explainListen(Object.assign(new Error('listen'), { code }), at);

  it.each([
    ['EADDRINUSE', 'SIP_PORT 80 is in use; end what listens there, or set another'],
    ['EACCES', 'SIP_PORT 80 may not be used by this user; set one above 1023'],
    ['EADDRNOTAVAIL', 'SIP_HOST foo is no address of this machine; give one, like 127.0.0.1, or 0.0.0.0 for all'],
    ['ENOTFOUND', 'SIP_HOST foo is no address of this machine; give one, like 127.0.0.1, or 0.0.0.0 for all'],
  ])('%s is told in terms of the settings', (code, fault) => {
    expect(failed(code)).toMatchObject({ code: 'bad-settings', faults: [fault] });
  });

  it('is left alone where the settings are not to blame', () => {
    expect(failed('EMFILE')).toMatchObject({ code: 'EMFILE' });
    expect(explainListen('what', at)).toBe('what');
  });
});
