/**
 * Runs a bench, and ends what it started, the last first: instances before their Redis. What goes wrong is told in a line,
 * and by the exit code.
 * @param main is given `keep`: what it is handed has a `close()`
 */
export async function runBench(main) {
  const kept = [];
  try {
    try {
      await main((one) => (kept.push(one), one));
    } finally {
      for (const one of kept.reverse()) await one.close();
    }
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
