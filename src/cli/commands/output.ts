/** What happens when the program that reads our output ends first, as in `npm run demo | head -1`. */

/**
 * A command whose output is not read any more has nothing left to do: it exits with 0, without a stack. Errors that go to
 * the standard error stream are lost with it.
 */
export function exitQuietlyOnClosedOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  process.stderr.on('error', () => undefined);
}
