/**
 * The check of the Node version. It runs before anything else is loaded, so the compiled files of this module and of the
 * entries that use it must parse on any old Node: no syntax newer than ES2015, no imports.
 */
export const NEEDED = [20, 19] as const;

/** Why this Node cannot run Tandem; undefined where it can. */
export function unsupportedNode(version: string): string | undefined {
  const parts = version.split('.');
  const major = Number(parts[0]);
  const minor = Number(parts[1]);
  if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return undefined;
  return (
    'Tandem needs Node ' + NEEDED.join('.') + ' or newer, this is ' + version + '. Install a current Node LTS release.'
  );
}

/** Ends the process where its Node is too old. */
export function requireNode(): void {
  const fault = unsupportedNode(process.versions.node);
  if (fault === undefined) return;
  process.stderr.write(fault + '\n');
  process.exit(1);
}
