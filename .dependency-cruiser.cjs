/**
 * Which folder of `src` may import which: an allow-list, type imports included. No circles between files or folders.
 * docs/architecture.md draws it.
 */
const ALLOWED = {
  support: [],
  addresses: ['support'],
  'v1-wire': [],
  calls: [],
  flows: ['calls', 'addresses'],
  'dial-plan': ['calls', 'addresses'],
  store: ['calls', 'flows', 'addresses'],
  providers: ['calls'],
  'providers/bandwidth-v1': ['providers', 'calls', 'dial-plan', 'v1-wire', 'addresses'],
  engine: ['calls', 'flows', 'dial-plan', 'store', 'providers', 'addresses'],
  http: ['addresses'],
  webhooks: ['engine', 'http', 'providers'],
  ladder: [],
  api: ['engine', 'store', 'flows', 'calls', 'dial-plan', 'http', 'v1-wire', 'addresses'],
  config: ['dial-plan', 'v1-wire', 'addresses'],
  server: [
    ...['api', 'webhooks', 'http', 'engine', 'store', 'flows', 'calls', 'dial-plan', 'providers'],
    ...['providers/bandwidth-v1'],
    ...['config', 'v1-wire', 'addresses'],
  ],
  // A line joins signalling and sound; neither knows the other, or the platform.
  sip: ['addresses'],
  // The names of the voices are those of the v1 API.
  media: ['v1-wire'],
  platform: ['sip', 'media', 'http', 'v1-wire', 'addresses'],
  demo: ['api', 'ladder', 'flows', 'dial-plan'],
  // It judges the rest, so it shares nothing with the rest.
  testkit: [],
  cli: [
    ...['server', 'platform', 'config', 'demo', 'providers/bandwidth-v1', 'http', 'engine', 'addresses', 'dial-plan'],
  ],
};

/** Files directly in `providers/` are the seam; each provider has a folder of its own. */
const pathOf = (room) => (room === 'providers' ? '^src/providers/[^/]+[.]ts$' : `^src/${room}/`);

module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-folder-circles', severity: 'error', scope: 'folder', from: {}, to: { circular: true } },
  ],
  allowedSeverity: 'error',
  allowed: [
    { from: { path: '^src/' }, to: { pathNot: '^src/' } },
    { from: { path: '^src/' }, to: { path: pathOf('support') } },
    ...Object.keys(ALLOWED).map((room) => ({ from: { path: pathOf(room) }, to: { path: pathOf(room) } })),
    ...Object.entries(ALLOWED).flatMap(([room, others]) =>
      others.map((other) => ({ from: { path: pathOf(room) }, to: { path: pathOf(other) } })),
    ),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
