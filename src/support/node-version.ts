/**
 * Checks the Node version before any other module is loaded. The compiled files of this module and of its entry points
 * must parse on every old Node: no syntax newer than ES2015, no imports.
 */
export const NEEDED = [20, 19] as const;

/** @returns the error text for a Node version that is too old; undefined if the version is supported */
export function unsupportedNode(version: string): string | undefined {
  const parts = version.split('.');
  const major = Number(parts[0]);
  const minor = Number(parts[1]);
  if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return undefined;
  return (
    'Tandem needs Node ' + NEEDED.join('.') + ' or newer, this is ' + version + '. Install a current Node LTS release.'
  );
}

/** Exits with status 1 if the Node version is too old. */
export function requireNode(): void {
  const message = unsupportedNode(process.versions.node);
  if (message === undefined) return;
  process.stderr.write(message + '\n');
  process.exit(1);
}
