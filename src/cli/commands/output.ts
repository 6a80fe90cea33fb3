/** Handles a closed output, as in `npm run demo | head -1`. */

/** Exits with 0 and without a stack when the reader of the output has ended. */
export function exitQuietlyOnClosedOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  process.stderr.on('error', () => undefined);
}
