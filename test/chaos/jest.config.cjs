/**
 * Several instances of Tandem and a real redis-server (Debian: redis-server), killed and frozen under load.
 * @type {import('jest').Config}
 */
const { transform, testEnvironment, randomize } = require('../../jest.config.cjs');

module.exports = {
  rootDir: '../..',
  testEnvironment,
  randomize,
  reporters: ['default', ['<rootDir>/test/repeat.cjs', { command: 'npm run test:chaos' }]],
  transform,
  testMatch: ['<rootDir>/test/chaos/**/*.test.ts'],
  globalSetup: '<rootDir>/test/chaos/support/demand-redis.ts',
  // Each brings processes enough for a machine.
  maxWorkers: 1,
  testTimeout: 240_000,
};
