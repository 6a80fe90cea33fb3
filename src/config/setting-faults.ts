/** Reports unusable files, directories, hosts and ports by the name of their setting. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ConfigError } from './config';
import { messageOf } from '../support/errors';
import { checkLanguages, makeDirectory, tryWriting } from './folders';
import { SETTING_NAMES } from './settings';

/** @throws ConfigError */
export function readCertificate(files: { certFile: string; keyFile: string }): { cert: string; key: string } {
  const read = (setting: string, file: string): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      throw new ConfigError([`${setting} ${file} cannot be read (${messageOf(error)}); give a PEM file`]);
    }
  };
  const pair = { cert: read('SIP_TLS_CERT', files.certFile), key: read('SIP_TLS_KEY', files.keyFile) };
  try {
    createSecureContext(pair);
  } catch (error) {
    throw new ConfigError([
      `SIP_TLS_CERT and SIP_TLS_KEY are not a certificate and its key (${messageOf(error)}); give PEM files without a passphrase`,
    ]);
  }
  return pair;
}

/** Returns the names in `.env` that are not settings: misspelled, or of another program. */
export const unknownSettings = (file: object): string[] =>
  Object.keys(file).filter((name) => !SETTING_NAMES.includes(name));

/**
 * Creates the directory for recordings, and checks the one for languages.
 * @throws ConfigError
 */
export function checkFolders(folders: { recordingsDir: string | undefined; languagesDir: string | undefined }): void {
  const { recordingsDir, languagesDir } = folders;
  const faults: string[] = [];
  const attempt = (fault: string, remedy: string, check: () => void): void => {
    try {
      check();
    } catch (error) {
      faults.push(`${fault} (${messageOf(error)}); ${remedy}`);
    }
  };
  if (recordingsDir !== undefined)
    attempt(
      `RECORDINGS_DIR ${recordingsDir} cannot be written to`,
      'give a directory that this user can write to, or remove the setting for a temporary one',
      () => {
        makeDirectory(recordingsDir);
        tryWriting(recordingsDir);
      },
    );
  if (languagesDir !== undefined)
    attempt(
      `SPEECH_LANGUAGES_DIR ${languagesDir} cannot be used`,
      "give the directory of Pico's files, or remove the setting for English only",
      () => checkLanguages(languagesDir),
    );
  if (faults.length > 0) throw new ConfigError(faults);
}

/** Explains why CALL_RECORDS_FILE cannot be opened. */
export function explainRecordsFile(error: unknown, file: string | undefined): ConfigError {
  return new ConfigError([
    `CALL_RECORDS_FILE ${file} cannot be written to (${messageOf(error)}); give a file in an existing directory that this user can write to`,
  ]);
}

interface Listening {
  /** `PORT` */
  setting: string;
  port: number;
  hostSetting: 'HOST' | 'SIP_HOST';
  host: string;
}

/** Explains an error of `listen` by the settings. Returns an error with another cause unchanged. */
export function explainListen(error: unknown, { setting, port, hostSetting, host }: Listening): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return new ConfigError([
        `${setting} ${port} is in use; stop the program that listens there, or set another port`,
      ]);
    case 'EACCES':
      return new ConfigError([
        `${setting} ${port} needs privileges that this user does not have; set a port above 1023`,
      ]);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ConfigError([
        `${hostSetting} ${host} is not an address of this machine; give one like 127.0.0.1, or 0.0.0.0 for all`,
      ]);
    default:
      return error;
  }
}
