/** A jest reporter that prints how to repeat a failed run: the files that failed, in the order of its seed. */
const DRAWN = ['CHAOS_SEED', 'TESTKIT_SEED', 'EXPLORE'];

module.exports = class Repeat {
  /** @param command of this run; the rest is appended */
  constructor({ seed, rootDir }, { command, write = (text) => process.stderr.write(text) }) {
    Object.assign(this, { seed, rootDir, command, write });
  }

  onRunComplete(_contexts, { testResults }) {
    const failed = testResults.filter(({ numFailingTests, testExecError }) => numFailingTests > 0 || testExecError);
    if (failed.length === 0) return;
    const settings = DRAWN.filter((name) => process.env[name]).map((name) => `${name}=${process.env[name]} `);
    const files = failed.map(({ testFilePath }) => testFilePath.replace(`${this.rootDir}/`, ''));
    this.write(`\nrepeat: ${settings.join('')}${this.command} -- --seed=${this.seed} ${files.join(' ')}\n`);
  }
};
