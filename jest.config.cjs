/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // Real phones, several instances and a browser have runs of their own (test:phones, test:chaos, test:browser).
  testPathIgnorePatterns: ['/node_modules/', '/test/phones/', '/test/chaos/', '/test/browser/'],
  // No test depends on its siblings: their order is drawn anew for every run, and `--seed` repeats one.
  randomize: true,
  reporters: ['default', '<rootDir>/test/phones/left-out.cjs', ['<rootDir>/test/repeat.cjs', { command: 'npm test' }]],
  setupFiles: ['<rootDir>/test/setup-workers.cjs'],
  // A machine that has much else to do is slow, not wrong; what hangs is found all the same.
  testTimeout: 30_000,
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  collectCoverageFrom: ['src/**/*.ts', '!src/cli/{main,cli}.ts', '!src/cli/commands/**'],
  coverageDirectory: 'coverage',
  coverageReporters: ['text-summary', 'lcov'],
  coverageThreshold: { global: { lines: 90 } },
};
