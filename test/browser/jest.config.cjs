/**
 * A real browser: needs `apt-get install -y --no-install-recommends chromium`.
 * @type {import('jest').Config}
 */
const { transform, testEnvironment, randomize, setupFiles } = require('../../jest.config.cjs');

module.exports = {
  rootDir: '../..',
  testEnvironment,
  randomize,
  reporters: ['default', ['<rootDir>/test/repeat.cjs', { command: 'npm run test:browser' }]],
  transform,
  setupFiles,
  testMatch: ['<rootDir>/test/browser/**/*.test.ts'],
  globalSetup: '<rootDir>/test/browser/support/demand-chromium.ts',
  maxWorkers: 1,
  testTimeout: 120_000,
};
