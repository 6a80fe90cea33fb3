/** Creates and tests the configured directories at start. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * Creates a directory and its parents. `mkdir` of Node with `recursive` never returns on file systems such as `/proc`,
 * which fail with ENOENT although the parent exists.
 */
export function makeDirectory(path: string): void {
  const missing: string[] = [];
  let existing = resolve(path);
  for (; !isDirectory(existing); existing = dirname(existing)) missing.unshift(existing);
  for (const directory of missing) mkdirSync(directory);
}

/** @throws if the path is something else, or cannot be read */
function isDirectory(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found && !found.isDirectory()) throw new Error(`${path} is not a directory`);
  return found !== undefined;
}

/** Writes a file, as permissions do not show whether the file system accepts files. */
export function tryWriting(directory: string): void {
  const file = join(directory, `.tandem-${randomUUID()}`);
  writeFileSync(file, 'x');
  rmSync(file);
}

/** @throws if the directory has no language files of Pico */
export function checkLanguages(directory: string): void {
  const files = readdirSync(directory);
  const has = (ending: string) => files.some((file) => file.endsWith(ending));
  if (!has('_ta.bin') || !has('_sg.bin')) throw new Error('it has no *_ta.bin and *_sg.bin files');
}
