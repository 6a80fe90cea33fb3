/** A jest reporter that says what a plain `npm test` does not run; silent where only some files were asked for. */
module.exports = class LeftOut {
  constructor({ testPathPatterns }) {
    this.everything = (testPathPatterns?.patterns ?? []).length === 0;
  }

  onRunComplete() {
    if (!this.everything) return;
    process.stderr.write(
      '\nleft out: real phones (need baresip, sipp and linphonec from apt): npm run test:phones\n' +
        'left out: several instances under chaos (need redis-server from apt): npm run test:chaos\n' +
        'left out: a page of an attacker in a real browser (needs chromium from apt): npm run test:browser\n',
    );
  }
};
