/** Without a browser there is nothing to test: a missing one is a failure, never a skip. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** CHROMIUM names another one. */
export function findChromium(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const candidates = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return process.env['CHROMIUM'] ?? candidates.find(isExecutable);
}

export default function demandChromium(): void {
  if (findChromium() === undefined)
    throw new Error('the browser tests need Chromium: apt-get install -y --no-install-recommends chromium');
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
