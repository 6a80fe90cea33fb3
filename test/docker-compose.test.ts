/** docker-compose.yml passes every setting, and overrides only what its ports need. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../src/config/config';
import { SETTING_NAMES } from '../src/config/settings';

const text = readFileSync(join(__dirname, '../docker-compose.yml'), 'utf8');

/** The mapping below a key of the service, with `${NAME:-default}` as it is without `.env`. */
function mapping(key: string): Record<string, string> {
  const block = new RegExp(`^ {4}${key}:\n((?: {6}.*\n)*)`, 'm').exec(text)?.[1] ?? '';
  const entries = [...block.matchAll(/^ {6}([A-Z_]+): (.*)$/gm)];
  return Object.fromEntries(
    entries.map(([, name = '', value = '']) => [
      name,
      value.replace(/^\$\{\w+:-(.*)\}$/, '$1').replace(/^'(.*)'$/, '$1'),
    ]),
  );
}

it('passes .env, which may be missing', () => {
  expect(text).toMatch(/^ {4}env_file:\n {6}- path: \.env\n {8}required: false$/m);
});

it('sets only settings that there are, and they are valid', () => {
  const environment = mapping('environment');
  expect(Object.keys(environment).filter((name) => !SETTING_NAMES.includes(name))).toEqual([]);
  expect(loadConfig(environment)).toMatchObject({ production: false, host: '0.0.0.0', port: 3000 });
});

it('fixes what its ports need, and lets .env choose the rest', () => {
  const fixed = [...text.matchAll(/^ {6}([A-Z_]+): (?!\$\{)/gm)].map(([, name]) => name);
  expect(fixed.sort()).toEqual(['HOST', 'PLATFORM_PORT', 'PORT', 'RTP_PORTS', 'SIP_HOST', 'SIP_PORT']);
  for (const [, name, inner] of text.matchAll(/^ {6}([A-Z_]+): \$\{(\w+):-/gm)) expect(inner).toBe(name);
});

it('publishes the ports that it sets, on this machine only', () => {
  const { PORT, PLATFORM_PORT, SIP_PORT, RTP_PORTS } = mapping('environment');
  const published = [...text.matchAll(/^ {6}- '127\.0\.0\.1:([\d-]+):([\d-]+)(?:\/(\w+))?'$/gm)];
  expect(published.map(([, , inside, transport = 'tcp']) => `${inside}/${transport}`).sort()).toEqual(
    [`${PORT}/tcp`, `${PLATFORM_PORT}/tcp`, `${SIP_PORT}/tcp`, `${SIP_PORT}/udp`, `${RTP_PORTS}/udp`].sort(),
  );
});
