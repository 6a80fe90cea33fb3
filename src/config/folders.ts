/** Directories that settings name: made and tried out at start. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * Makes a directory and its parents. `recursive` of Node does not return where a file system takes no directories
 * (`/proc`): its `mkdir` fails with ENOENT though the parent exists.
 */
export function makeDirectory(path: string): void {
  const missing: string[] = [];
  let existing = resolve(path);
  for (; !isDirectory(existing); existing = dirname(existing)) missing.unshift(existing);
  for (const directory of missing) mkdirSync(directory);
}

/** @throws where it is something else, or cannot be looked at */
function isDirectory(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found && !found.isDirectory()) throw new Error(`${path} is not a directory`);
  return found !== undefined;
}

/** Permissions do not tell whether the file system takes files. */
export function tryWriting(directory: string): void {
  const file = join(directory, `.tandem-${randomUUID()}`);
  writeFileSync(file, 'x');
  rmSync(file);
}

/** @throws where the directory has no language files of Pico */
export function checkLanguages(directory: string): void {
  const files = readdirSync(directory);
  const has = (ending: string) => files.some((file) => file.endsWith(ending));
  if (!has('_ta.bin') || !has('_sg.bin')) throw new Error('it has no *_ta.bin and *_sg.bin files');
}
