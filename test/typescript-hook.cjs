/** `--require`d by worker threads that are started from sources: compiles TypeScript as jest does. */
const { transformFileSync } = require('@swc/core');
const { transform } = require('../jest.config.cjs');

const [, options] = transform['^.+\\.ts$'];
require.extensions['.ts'] = (module, file) => module._compile(transformFileSync(file, options).code, file);
