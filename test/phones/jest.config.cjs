/**
 * Real phones: needs `apt-get install -y --no-install-recommends baresip-core sip-tester linphone-cli`.
 * @type {import('jest').Config}
 */
const { transform, testEnvironment, randomize } = require('../../jest.config.cjs');

module.exports = {
  rootDir: '../..',
  testEnvironment,
  randomize,
  reporters: ['default', ['<rootDir>/test/repeat.cjs', { command: 'npm run test:phones' }]],
  transform,
  testMatch: ['<rootDir>/test/phones/**/*.test.ts'],
  globalSetup: '<rootDir>/test/phones/support/demand-tools.ts',
  // Sound is real time, and ports are shared: one file at a time.
  maxWorkers: 1,
  testTimeout: 120_000,
};
