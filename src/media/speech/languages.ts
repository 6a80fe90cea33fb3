/** Finds installed Pico languages: files in a folder, as in Debian's package libttspico-data. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../support/errors';
import type { Logger } from '../../support/logger';

/** The two files of a language: text analysis and signal generation. */
export interface LanguageFiles {
  language: string;
  textAnalysis: string;
  signalGeneration: string;
}

const PACKAGE = '@echogarden/svoxpico-wasm';

/**
 * @param folder folder with files such as `de-DE_ta.bin` and `de-DE_gl0_sg.bin`
 * @returns files by language (`de-DE`). If the folder is unreadable or the package is not installed, logs a warning and
 * returns an empty map.
 */
export async function installedLanguages(folder: string, log: Logger): Promise<Map<string, LanguageFiles>> {
  const languages = new Map<string, LanguageFiles>();
  try {
    require.resolve(PACKAGE);
    const files = await readdir(folder);
    for (const file of files) {
      const language = /^([a-z]{2}-[A-Z]{2})_ta\.bin$/.exec(file)?.[1];
      const sound = files.find((each) => language && each.startsWith(`${language}_`) && each.endsWith('_sg.bin'));
      if (!language || !sound) continue;
      languages.set(language, { language, textAnalysis: join(folder, file), signalGeneration: join(folder, sound) });
    }
  } catch (error) {
    log.warn(
      { event: 'languages-missing', folder, reason: messageOf(error) },
      `Only English voices are available. Other languages need the package ${PACKAGE} and language files`,
    );
  }
  return languages;
}
