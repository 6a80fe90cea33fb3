/** An unsupported Node prints one sentence before any module is loaded that it cannot parse. */
import { execFile } from 'node:child_process';
import { readFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Linter } from 'eslint';
import { unsupportedNode } from '../../src/support/node-version';
import { buildTandem } from '../helpers/spawn-tandem';

jest.setTimeout(60_000);

describe('the Node version', () => {
  it.each(['0.12.18', '8.17.0', '18.20.4', '20.0.0', '20.18.3'])('%s is unsupported', (version) => {
    expect(unsupportedNode(version)).toBe(
      `Tandem needs Node 20.19 or newer, this is ${version}. Install a current Node LTS release.`,
    );
  });

  it.each(['20.19.0', '20.20.1', '22.0.0', '24.1.0', '100.0.0', '26.0.0-nightly2026'])('%s is supported', (version) => {
    expect(unsupportedNode(version)).toBeUndefined();
  });

  it('is that of package.json', () => {
    const { engines } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8'));
    expect(engines.node).toBe('>=20.19');
    expect(unsupportedNode('20.18.9')).toBeDefined();
    expect(unsupportedNode('20.19.0')).toBeUndefined();
  });
});

describe.each(['cli/main.js', 'testkit/main.js'])('dist/%s', (entry) => {
  const dist = join(__dirname, '../../dist');
  let folder: string;
  beforeAll(() => buildTandem(), 240_000);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tandem-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Simulates an old Node: the version is fake, and every other file of Tandem fails to load. */
  const runOn = (version: string) => {
    const fake = join(folder, 'fake.cjs');
    writeFileSync(
      fake,
      `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });
       const Module = require('node:module');
       const load = Module._load;
       Module._load = function (request, ...rest) {
         if (!/main\\.js$|node-version$/.test(request)) throw new SyntaxError('Unexpected token of ' + request);
         return load.call(this, request, ...rest);
       };`,
    );
    return new Promise<{ code: unknown; stderr: string; stdout: string }>((resolve) =>
      execFile(process.execPath, ['-r', fake, join(dist, entry), '--help'], (error, stdout, stderr) =>
        resolve({ code: error ? error.code : 0, stdout, stderr }),
      ),
    );
  };

  it('names the required Node, and exits with 1', async () => {
    expect(await runOn('18.20.4')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'Tandem needs Node 20.19 or newer, this is 18.20.4. Install a current Node LTS release.\n',
    });
  });

  it('loads the rest on a supported Node', async () => {
    expect((await runOn('20.19.0')).stderr).toContain('SyntaxError: Unexpected token of ./cli');
  });

  it('parses on every old Node, with the module that it loads first', () => {
    for (const file of [entry, 'support/node-version.js']) {
      const code = readFileSync(join(dist, file), 'utf8').replace(/^#!.*/, '');
      const found = new Linter().verify(code, { languageOptions: { ecmaVersion: 2015, sourceType: 'commonjs' } });
      expect(found.filter(({ fatal }) => fatal)).toEqual([]);
    }
  });
});
