import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { loadConfig } from '../src/config/config';
import { parseEnvFile } from '../src/config/env-file';
import { SETTING_NAMES } from '../src/config/settings';

const example = parseEnv(readFileSync(join(__dirname, '..', '.env.example'), 'utf8'));

/** What is made up anew each time. */
const MADE_UP = { token: expect.any(String) as string, secret: expect.any(String) as string };

describe('docs/settings.md', () => {
  it('describes every setting', () => {
    const reference = readFileSync(join(__dirname, '..', 'docs', 'settings.md'), 'utf8');
    expect(SETTING_NAMES.filter((name) => !reference.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('.env.example', () => {
  it('names exactly the settings there are', () => {
    expect(Object.keys(example).sort()).toEqual([...SETTING_NAMES].sort());
  });

  it('has no faults as a file', () => {
    expect(parseEnvFile(readFileSync(join(__dirname, '..', '.env.example'))).faults).toEqual([]);
  });

  it('gives each setting its default, so that a copy of it changes nothing', () => {
    const standard = loadConfig({});
    expect(loadConfig(example)).toEqual({
      ...standard,
      api: { ...standard.api, ...MADE_UP },
      webhookCredentials: { username: 'tandem', password: expect.any(String) as string },
      sipPasswords: expect.any(Map) as Map<string, string>,
    });
  });
});
