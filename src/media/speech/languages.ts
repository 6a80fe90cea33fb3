/** Which of Pico's languages are installed: files of a folder, as Debian's libttspico-data has them. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../support/errors';
import type { Logger } from '../../support/logger';

/** A language's two files: analysis of text, and the sound. */
export interface LanguageFiles {
  language: string;
  textAnalysis: string;
  signalGeneration: string;
}

const PACKAGE = '@echogarden/svoxpico-wasm';

/**
 * By language (`de-DE`); none where the folder cannot be read or the package is not installed, which is logged.
 * @param folder with `de-DE_ta.bin`, `de-DE_gl0_sg.bin` …
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
      `Only English is spoken: other languages need ${PACKAGE} and its files`,
    );
  }
  return languages;
}
