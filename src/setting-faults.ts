/** Faults of settings that show only when they are used: which setting, and what to do. */
import { accessSync, constants, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ConfigError } from './config';
import { messageOf } from './errors';
import { SETTING_NAMES } from './settings';

/** @throws ConfigError */
export function readCertificate(files: { certFile: string; keyFile: string }): { cert: string; key: string } {
  const read = (setting: string, file: string): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      throw new ConfigError([`${setting} cannot be read (${messageOf(error)}); give a file of PEM`]);
    }
  };
  const pair = { cert: read('SIP_TLS_CERT', files.certFile), key: read('SIP_TLS_KEY', files.keyFile) };
  try {
    createSecureContext(pair);
  } catch (error) {
    throw new ConfigError([
      `SIP_TLS_CERT and SIP_TLS_KEY are no certificate and its key (${messageOf(error)}); give files of PEM, without a passphrase`,
    ]);
  }
  return pair;
}

/** Names of an `.env` that nobody reads: a slip of the pen, or meant for another program. */
export const unknownSettings = (file: object): string[] =>
  Object.keys(file).filter((name) => !SETTING_NAMES.includes(name));

/**
 * Makes the folder for recordings, and looks whether the one for languages is there.
 * @throws ConfigError
 */
export function checkFolders(folders: { recordingsDir: string | undefined; languagesDir: string | undefined }): void {
  const { recordingsDir, languagesDir } = folders;
  const faults: string[] = [];
  const attempt = (fault: string, remedy: string, check: () => unknown): void => {
    try {
      check();
    } catch (error) {
      faults.push(`${fault} (${messageOf(error)}); ${remedy}`);
    }
  };
  if (recordingsDir !== undefined)
    attempt('RECORDINGS_DIR cannot be written to', 'give a folder, or leave it out', () => {
      mkdirSync(recordingsDir, { recursive: true });
      accessSync(recordingsDir, constants.W_OK);
    });
  if (languagesDir !== undefined)
    attempt('SPEECH_LANGUAGES_DIR cannot be read', "give the folder of Pico's files, or leave it out", () =>
      readdirSync(languagesDir),
    );
  if (faults.length > 0) throw new ConfigError(faults);
}

interface Place {
  /** `PORT` */
  setting: string;
  port: number;
  hostSetting: 'HOST' | 'SIP_HOST';
  host: string;
}

/** What `listen` threw, in terms of the settings; what has nothing to do with them comes back as it is. */
export function explainListen(error: unknown, { setting, port, hostSetting, host }: Place): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return new ConfigError([`${setting} ${port} is in use; end what listens there, or set another`]);
    case 'EACCES':
      return new ConfigError([`${setting} ${port} may not be used by this user; set one above 1023`]);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ConfigError([
        `${hostSetting} ${host} is no address of this machine; give one, like 127.0.0.1, or 0.0.0.0 for all`,
      ]);
    default:
      return error;
  }
}
