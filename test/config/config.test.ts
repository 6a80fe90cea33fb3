import { ConfigError, loadConfig, type Purpose } from '../../src/config/config';
import { demoEnvironment } from '../../src/config/demo-environment';
import { passwordsOf } from '../../src/config/line-settings';
import { parseLines } from '../../src/config/lines';
import { SETTING_NAMES } from '../../src/config/settings';

function faults(env: Record<string, string>, purpose?: Purpose): readonly string[] {
  try {
    loadConfig(env, purpose);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

const API = {
  BANDWIDTH_API_URL: 'https://api.example.com',
  BANDWIDTH_USER_ID: 'u',
  BANDWIDTH_API_TOKEN: 't',
  BANDWIDTH_API_SECRET: 's',
};

const OPEN_API = { ...API, ALLOW_OPEN: 'on' };
const CREDENTIALS = { WEBHOOK_USERNAME: 'a', WEBHOOK_PASSWORD: 'b', API_TOKEN: 'c' };

describe('the settings', () => {
  it('have defaults for everything', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({
      production: false,
      host: '127.0.0.1',
      port: 3_000,
      publicBaseUrl: undefined,
      api: { url: undefined, timeoutMs: 5_000 },
      lines: [{ number: '+1555444333', endpoint: 'sip:jsmith_mobile@xyz-corp-testing.bwapp.bwsip.io' }],
      defaultCountry: 'US',
      webhookCredentials: { username: 'tandem', password: expect.stringMatching(/^[a-z2-7]{24}$/) as string },
      apiToken: undefined,
      generated: { account: true, webhooks: true, apiToken: false },
      open: [],
      callTimeoutSeconds: 30,
      logLevel: 'info',
      platform: { port: 3_001, rateLimits: false, sandbox: true },
      linesFile: undefined,
      sharedPassword: [],
    });
    expect(Object.isFrozen(config)).toBe(true);
    const passwords = [...config.sipPasswords];
    expect(passwords).toEqual([[config.lines[0]?.endpoint, { value: expect.any(String) as string, generated: true }]]);
  });

  it('generate new credentials each time', () => {
    const [a, b] = [loadConfig({}), loadConfig({})];
    expect(a.api.token).not.toBe(b.api.token);
    expect(a.api.secret).not.toBe(b.api.secret);
    expect(a.webhookCredentials?.password).not.toBe(b.webhookCredentials?.password);
    expect([...a.sipPasswords]).not.toEqual([...b.sipPasswords]);
  });

  it('come from the environment, and an empty one counts as missing', () => {
    const config = loadConfig({
      ...API,
      PORT: '0',
      HOST: '',
      PUBLIC_BASE_URL: 'https://x.ngrok.io///',
      LINES: ' +15551234567 = bob@Example.bwapp.bwsip.io , ,+15551234568=sip:al@e.f',
      DEFAULT_COUNTRY: 'de',
      WEBHOOK_USERNAME: 'a',
      WEBHOOK_PASSWORD: 'b:c',
      API_TOKEN: 'x',
      PLATFORM_RATE_LIMITS: 'on',
      PLATFORM_SANDBOX: 'off',
      SIP_PASSWORD: 'secret',
    });
    expect(config).toMatchObject({
      port: 0,
      host: '127.0.0.1',
      publicBaseUrl: 'https://x.ngrok.io',
      api: { url: 'https://api.example.com', userId: 'u', token: 't', secret: 's' },
      lines: [
        { number: '+15551234567', endpoint: 'sip:bob@example.bwapp.bwsip.io' },
        { number: '+15551234568', endpoint: 'sip:al@e.f' },
      ],
      defaultCountry: 'DE',
      webhookCredentials: { username: 'a', password: 'b:c' },
      apiToken: 'x',
      platform: { rateLimits: true, sandbox: false },
      generated: { account: false, webhooks: false, apiToken: false },
      sharedPassword: ['sip:bob@example.bwapp.bwsip.io', 'sip:al@e.f'],
    });
    expect([...config.sipPasswords.values()]).toEqual([
      { value: 'secret', generated: false },
      { value: 'secret', generated: false },
    ]);
  });

  it.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '3000.5'],
    ['PORT', 'http'],
    ['PUBLIC_BASE_URL', 'example.com'],
    ['PUBLIC_BASE_URL', 'ftp://example.com'],
    ['LINES', '+15551234567'],
    ['LINES', '5551234567=sip:a@b.c'],
    ['LINES', '+15551234567=nobody'],
    ['LINES', '+15551234567=sip:a@b.c,+15551234567=sip:d@e.f'],
    ['LINES', ' , '],
    ['LINES', '+15551234567=sip:bob@example.com'],
    ['LINES', '+15551234567=sip:bob@a-label-too-long-.bwapp.bwsip.io'],
    ['DEFAULT_COUNTRY', 'Atlantis'],
    ['CALL_TIMEOUT_SECONDS', '301'],
    ['CALL_TIMEOUT_SECONDS', '0'],
    ['MAX_CALL_SECONDS', '0'],
    ['COMMAND_TIMEOUT_MS', '5'],
    ['LEG_CHECK_SECONDS', 'often'],
    ['LOG_LEVEL', 'loud'],
    ['PLATFORM_PORT', '99999'],
    ['PLATFORM_RATE_LIMITS', 'yes'],
    ['PLATFORM_SANDBOX', 'true'],
    ['LINES', '+15551234567=sip:bob@a.bwapp.bwsip.io=short'],
    ['LINES_FILE', 'no-such-file'],
    ['ALLOW_OPEN', 'yes'],
    ['NODE_ENV', 'staging'],
    ['SIP_PASSWORD', 'short'],
    ['SIP_PASSWORD', 'two words'],
    ['SIP_PASSWORD', 'pässword'],
    ['SIP_PORT', '70000'],
    ['SIP_PUBLIC_ADDRESS', 'my.house.example'],
    ['SIP_TLS_CERT', 'alone.pem'],
    ['SIP_TLS_KEY', 'alone.pem'],
    ['SIP_DIAL_URIS', 'sometimes'],
    ['SIP_CALLS_PER_ENDPOINT', '-1'],
    ['RTP_PORTS', '10000'],
    ['RTP_PORTS', '10000-10001'],
    ['RTP_PORTS', '20000-10000'],
    ['RTP_PORTS', '80-1000'],
    ['RTP_SILENCE_SECONDS', '-1'],
    ['AUDIO_PRIVATE_HOSTS', 'yes'],
    ['WEBHOOK_METHOD', 'PUT'],
    ['ALLOWED_ORIGINS', '*'],
    ['ALLOWED_ORIGINS', 'app.example.com'],
    ['ALLOWED_ORIGINS', 'https://app.example.com/console'],
    ['ALLOWED_ORIGINS', 'https://a.example, https://user@b.example'],
    ['ALLOWED_ORIGINS', 'ftp://app.example.com'],
    ['ALLOWED_ORIGINS', 'null'],
    ['SIP_WS_ORIGINS', '*, https://a.example'],
    ['SIP_WS_ORIGINS', 'wss://a.example'],
    ['WEBHOOK_USERNAME', 'alone'],
    ['WEBHOOK_PASSWORD', 'alone'],
  ])('%s=%s is refused, with its name', (name, value) => {
    const found = faults({ [name]: value });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(name);
    if (name === 'SIP_PASSWORD') expect(found[0]).not.toContain(value);
  });

  it.each<[string, string, string]>([
    ['PORT', 'abc', 'must be an integer between 0 and 65535 (got "abc")'],
    ['PORT', ' 3000', 'must be an integer between 0 and 65535 (got " 3000")'],
    ['PORT', '3000\u200b', 'must be an integer between 0 and 65535 (got "3000\\u{200b}")'],
    ['CALL_TIMEOUT_SECONDS', '9'.repeat(80), `must be an integer between 1 and 300 (got "${'9'.repeat(60)}…")`],
    ['CALL_TIMEOUT_SECONDS', '301', 'must be an integer between 1 and 300 (got "301")'],
    ['REDIS_CLUSTER', 'true', 'must be on or off (got "true")'],
    ['LOG_LEVEL', 'INFO', 'must be one of fatal, error, warn, info, debug, trace, silent (got "INFO")'],
    ['DEFAULT_COUNTRY', 'USA', 'must be a two-letter country code like US or DE (got "USA")'],
    ['SIP_PUBLIC_ADDRESS', 'a.b', 'must be the IP address that phones reach, like 203.0.113.7 (got "a.b")'],
    ['REDIS_PREFIX', 'a b', 'must be 1 to 64 letters, digits and . _ : - (got "a b")'],
    ['REDIS_URL', 'http://:se5ame@h', 'must be a redis:// or rediss:// URL like'],
    ['REDIS_URL', 'redis://:se5ame@h/0?tls=on', 'has a "?" or "#", which Tandem would ignore; remove'],
    ['REDIS_URL', 'redis://:ab#se5ame@h/0', 'must be'],
    ['PUBLIC_BASE_URL', 'example.com', 'must be an http or https URL like https://example.com (got "example.com")'],
    ['PUBLIC_BASE_URL', 'https://a.b/c', 'has the path "/c"; give the origin alone: https://a.b'],
    ['PUBLIC_BASE_URL', 'https://a.b/webhooks/voice?x', 'has the path "/webhooks/voice" and a query; give the origin'],
    ['PUBLIC_BASE_URL', 'https://a.b/?', 'has a query; give the origin alone: https://a.b'],
    ['PUBLIC_BASE_URL', 'https://a.b/#x', 'has a fragment; give the origin alone: https://a.b'],
    ['PUBLIC_BASE_URL', 'https://u:se5ame@a.b', 'has a user name or a password; set WEBHOOK_USERNAME and'],
    ['PUBLIC_BASE_URL', 'u:se5ame@a.b', 'must be an http or https URL like https://example.com'],
    ['RTP_PORTS', '5000-6000', '5000-6000 contains SIP_PORT 5060; give a range without it'],
    ['RTP_PORTS', '10000', 'must be a range of at least 4 ports between 1024 and 65535 like 10000-10999, or 0'],
  ])('%s=%s: the message has the fault and the remedy, and no secret', (name, value, message) => {
    const found = faults({ [name]: value });
    expect(found).toHaveLength(1);
    expect(found[0]?.startsWith(`${name} ${message}`)).toBe(true);
    expect(found[0]).not.toContain('se5ame');
  });

  it.each<[Record<string, string>, string, Purpose]>([
    [{ PORT: '3001' }, 'PLATFORM_PORT is 3001, like PORT; set a different port', 'serve'],
    [{ PLATFORM_PORT: '3000' }, 'PLATFORM_PORT is 3000, like PORT', 'serve'],
    [{ PORT: '5060' }, 'SIP_PORT is 5060, like PORT', 'serve'],
    [{ PLATFORM_PORT: '5060' }, 'SIP_PORT is 5060, like PLATFORM_PORT', 'platform'],
    [{ SIP_PORT: '5061', SIP_TLS_CERT: 'a', SIP_TLS_KEY: 'b' }, 'SIP_TLS_PORT is 5061, like SIP_PORT', 'platform'],
    [{ PORT: '5060', HOST: '127.0.0.1', SIP_HOST: '::' }, 'SIP_PORT is 5060, like PORT', 'serve'],
    [{ PORT: '5060', HOST: 'localhost', SIP_HOST: '127.0.0.1' }, 'SIP_PORT is 5060, like PORT', 'serve'],
  ])('%j: a port can be opened once', (env, fault, purpose) => {
    expect(faults(env, purpose)).toEqual([expect.stringContaining(fault)]);
  });

  it.each<[Record<string, string>, Purpose]>([
    [{ PORT: '0', PLATFORM_PORT: '0', SIP_PORT: '0' }, 'serve'],
    [{ PORT: '3001' }, 'platform'],
    [{ PORT: '3001' }, 'demo'],
    [{ ...OPEN_API, PORT: '3001' }, 'serve'],
    [{ SIP_PORT: '5061' }, 'serve'],
    [{ PORT: '5060', HOST: '127.0.0.1', SIP_HOST: '127.0.0.2' }, 'serve'],
  ])('%j: ports that do not meet are fine for %s', (env, purpose) => {
    expect(faults(env, purpose)).toEqual([]);
  });

  it('an account token may have no colon', () => {
    expect(faults({ ...OPEN_API, BANDWIDTH_API_TOKEN: 'a:b' })).toEqual([
      expect.stringMatching(/^BANDWIDTH_API_TOKEN has a colon/),
    ]);
  });

  it('have origins in the form that browsers send', () => {
    const { origins } = loadConfig({
      PUBLIC_BASE_URL: 'https://Voice.Example.com:443/',
      ALLOWED_ORIGINS: 'https://App.example.org/, http://localhost:80,http://localhost:8080',
      SIP_WS_ORIGINS: '*',
    });
    expect(origins).toEqual({
      own: ['https://voice.example.com'],
      allowed: ['https://app.example.org', 'http://localhost', 'http://localhost:8080'],
      webSocket: '*',
    });
  });

  it('require webhook credentials for events by GET of another platform', () => {
    const env = { BANDWIDTH_API_URL: 'http://127.0.0.1:1', BANDWIDTH_USER_ID: 'u', BANDWIDTH_API_TOKEN: 't' };
    const found = faults({ ...env, BANDWIDTH_API_SECRET: 's', WEBHOOK_METHOD: 'GET' });
    expect(found).toEqual([expect.stringMatching(/^WEBHOOK_USERNAME and WEBHOOK_PASSWORD .*WEBHOOK_METHOD=GET/)]);
  });

  it('are all reported at once', () => {
    expect(
      faults({ PORT: 'x', LINES: 'y,z', LOG_LEVEL: 'w', WEBHOOK_PASSWORD: 'v' }).map((f) => f.split(' ')[0]),
    ).toEqual(['PORT', 'LOG_LEVEL', 'WEBHOOK_USERNAME', 'LINES', 'LINES']);
  });

  it('of another platform require all three credentials', () => {
    expect(faults({ BANDWIDTH_API_URL: 'http://localhost:1' }).map((fault) => fault.split(' ')[0])).toEqual([
      'BANDWIDTH_USER_ID',
      'BANDWIDTH_API_TOKEN',
      'BANDWIDTH_API_SECRET',
    ]);
    expect(faults({ ...OPEN_API, BANDWIDTH_API_SECRET: '' })).toHaveLength(1);
    expect(faults({ ...OPEN_API, BANDWIDTH_API_URL: '' })).toEqual([]);
  });

  it.each(['https://api.example.com/v1', 'https://api.example.com/v1/'])(
    'BANDWIDTH_API_URL is an origin: %s',
    (url) => {
      expect(faults({ ...OPEN_API, BANDWIDTH_API_URL: url })).toEqual([
        expect.stringMatching(
          /^BANDWIDTH_API_URL has the path "\/v1\/?"; give the origin alone: https:\/\/api\.example\.com$/,
        ),
      ]);
    },
  );

  it('of SIP and RTP accept phones of the network, independent of HOST', () => {
    expect(loadConfig({ HOST: '127.0.0.1' }).sip).toMatchObject({
      host: '0.0.0.0',
      port: 5060,
      rtpPorts: { from: 10_000, to: 10_999 },
      silenceSeconds: 60,
      dialUris: false,
      forward: 'endpoints',
      callsPerEndpoint: 400,
      privateAudio: false,
    });
    const given = loadConfig({ SIP_HOST: '::', SIP_TLS_CERT: 'a.pem', SIP_TLS_KEY: 'b.pem', RTP_PORTS: '0' }).sip;
    expect(given).toMatchObject({ host: '::', tls: { port: 5061, certFile: 'a.pem', keyFile: 'b.pem' } });
    expect(given.rtpPorts).toBeUndefined();
  });

  it('a user name may have no colon', () => {
    expect(faults({ WEBHOOK_USERNAME: 'a:b', WEBHOOK_PASSWORD: 'c' })).toEqual([expect.stringContaining('colon')]);
  });

  it('in production require credentials only for the server; the sandbox is off', () => {
    const env = { NODE_ENV: 'production' };
    expect(faults(env)).toEqual([
      expect.stringMatching(/^WEBHOOK_USERNAME and WEBHOOK_PASSWORD are missing; NODE_ENV is production/),
      expect.stringMatching(/^API_TOKEN is missing; NODE_ENV is production/),
    ]);
    expect(faults(env, 'provision')).toEqual([]);
    const config = loadConfig({ ...env, ...CREDENTIALS });
    expect([config.production, config.platform.sandbox, config.host]).toEqual([true, false, '0.0.0.0']);
  });

  it('of the demo require nothing, and use free ports', () => {
    const env = demoEnvironment({
      ...API,
      NODE_ENV: 'production',
      PORT: '3000',
      API_TOKEN: 'x',
      ALLOW_OPEN: 'on',
      LINES_FILE: 'lines.txt',
    });
    expect(loadConfig(env)).toMatchObject({
      port: 0,
      host: '127.0.0.1',
      apiToken: undefined,
      generated: { account: true, webhooks: true },
      open: [],
      lines: [{ number: '+1555444333' }],
    });
    expect(SETTING_NAMES).toContain('LINES');
  });
});

describe('routes that can cost money', () => {
  it.each([
    ['production', { NODE_ENV: 'production' }, /NODE_ENV is production/],
    ['a platform elsewhere', API, /BANDWIDTH_API_URL https:\/\/api\.example\.com is not on this machine/],
    [
      'a platform on this machine, Tandem open to others',
      { ...API, BANDWIDTH_API_URL: 'http://127.0.0.1:1', HOST: '0.0.0.0' },
      /HOST 0\.0\.0\.0 lets other machines in/,
    ],
    [
      'a platform on this machine, a tunnel to Tandem',
      { ...API, BANDWIDTH_API_URL: 'http://[::1]:1', PUBLIC_BASE_URL: 'https://x.ngrok.app' },
      /PUBLIC_BASE_URL https:\/\/x\.ngrok\.app lets other machines in/,
    ],
  ])('needs credentials: %s', (_, env: Record<string, string>, why) => {
    expect(faults(env)).toEqual([expect.stringMatching(why), expect.stringMatching(why)]);
    expect(faults(env).join()).toContain('ALLOW_OPEN=on');
    expect(faults({ ...env, API_TOKEN: 'x' })).toEqual([
      expect.stringMatching(/^WEBHOOK_USERNAME and WEBHOOK_PASSWORD/),
    ]);
    expect(loadConfig({ ...env, ...CREDENTIALS })).toMatchObject({ open: [], apiToken: 'c' });
  });

  it('never repeats a password of a URL', () => {
    const found = faults({ NODE_ENV: 'test', ...API, PUBLIC_BASE_URL: 'https://me:hunter22@x.y', HOST: '0.0.0.0' });
    const local = faults({ ...API, BANDWIDTH_API_URL: 'http://localhost', PUBLIC_BASE_URL: 'https://me:hunter22@x.y' });
    expect([...found, ...local].join()).not.toContain('hunter22');
    expect(local).toContainEqual(expect.stringMatching(/PUBLIC_BASE_URL https:\/\/x\.y lets other machines in/));
  });

  it.each([
    ['both', {}, ['/webhooks/voice', '/calls']],
    ['the webhooks', { API_TOKEN: 'x' }, ['/webhooks/voice']],
    ['nothing', CREDENTIALS, []],
  ])('is opened by ALLOW_OPEN=on only: %s', (_, env, open) => {
    for (const base of [{ NODE_ENV: 'production' }, API, {}])
      expect(loadConfig({ ...base, ...env, ALLOW_OPEN: 'on' }).open).toEqual(open);
    expect(faults({ NODE_ENV: 'production', ...env, ALLOW_OPEN: 'off' })).toHaveLength(open.length);
  });

  it.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1', '::ffff:127.0.0.1'])(
    'needs nothing where only this machine reaches it: HOST=%s',
    (HOST) => {
      expect(faults({ ...API, BANDWIDTH_API_URL: 'http://localhost:1', HOST })).toEqual([]);
      expect(loadConfig({ HOST }).apiToken).toBeUndefined();
    },
  );

  it.each(['0.0.0.0', '::', '192.168.1.5', '127.example.com', 'localhost.example.com', '1270.0.0.1'])(
    'gets a generated token with the embedded platform where others reach it: HOST=%s',
    (HOST) => {
      const config = loadConfig({ HOST });
      expect(config.apiToken).toMatch(/^a-[a-z2-7]{24}$/);
      expect(config.generated).toEqual({ account: true, webhooks: true, apiToken: true });
    },
  );

  it('generates nothing for other commands, and keeps configured credentials', () => {
    expect(loadConfig({}, 'provision')).toMatchObject({
      webhookCredentials: undefined,
      generated: { webhooks: false },
    });
    expect(loadConfig({ HOST: '::', ...CREDENTIALS })).toMatchObject({
      webhookCredentials: { username: 'a', password: 'b' },
      apiToken: 'c',
      generated: { webhooks: false, apiToken: false },
    });
  });
});

describe('NODE_ENV', () => {
  it.each([
    ['prod', 'production'],
    ['Production', 'production'],
    ['PRODUCTION', 'production'],
    ['production ', 'production'],
    ['prodcution', 'production'],
    ['prd', 'production'],
    ['dev', 'development'],
    ['Test', 'test'],
    ['testing', 'test'],
  ])('%s is a fault that names %s', (value, meant) => {
    expect(faults({ NODE_ENV: value }).join()).toMatch(
      new RegExp(`^NODE_ENV must be development, test or production.*"${value}"\\); did you mean ${meant}\\?`),
    );
  });

  it.each(['staging', 'x', 'live', '__proto__'])('%s is a fault without a suggestion', (value) => {
    expect(faults({ NODE_ENV: value })).toEqual([expect.not.stringContaining('did you mean')]);
  });

  it.each(['development', 'test'])('%s is not production', (NODE_ENV) => {
    expect(loadConfig({ NODE_ENV })).toMatchObject({ production: false, host: '127.0.0.1' });
  });
});

describe('the passwords of endpoints', () => {
  const [alice, bob] = ['sip:alice@a.bwapp.bwsip.io', 'sip:bob@a.bwapp.bwsip.io'];
  const passwords = (env: Record<string, string>) => loadConfig(env).sipPasswords;

  it('are generated, one for each endpoint', () => {
    const found = passwords({ LINES: `+15551234567=${alice},+15551234568=${bob},+15551234569=${alice}` });
    expect([...found.keys()]).toEqual([alice, bob]);
    expect(found.get(alice)?.value).not.toBe(found.get(bob)?.value);
  });

  it('come from LINES, else from SIP_PASSWORD', () => {
    const env = { LINES: `+15551234567=${alice}=secret1,+15551234568=${bob}`, SIP_PASSWORD: 'fallback' };
    expect([...passwords(env)]).toEqual([
      [alice, { value: 'secret1', generated: false }],
      [bob, { value: 'fallback', generated: false }],
    ]);
    expect(loadConfig(env).sharedPassword).toEqual([]);
  });

  it('come from LINES_FILE', () => {
    const read = (file: string) => `# ${file}\n+15551234567=${alice}=secret1\n\n+15551234568=${bob}=secret2\n`;
    const config = loadConfig({ LINES_FILE: 'lines.txt' }, 'serve', read);
    expect(config).toMatchObject({ linesFile: 'lines.txt', lines: [{ endpoint: alice }, { endpoint: bob }] });
    expect([...config.sipPasswords.values()].map(({ value }) => value)).toEqual(['secret1', 'secret2']);
  });

  it('stay after a reload of the lines if they were generated', () => {
    const before = passwordsOf(parseLines(`+15551234567=${alice},+15551234568=${bob}=secret2`), undefined);
    const after = passwordsOf(parseLines(`+15551234567=${alice},+15551234568=${bob}`), undefined, before);
    expect(after.get(alice)).toEqual(before.get(alice));
    expect(after.get(bob)?.generated).toBe(true);
  });

  it('LINES and LINES_FILE exclude each other', () => {
    expect(faults({ LINES: `+15551234567=${alice}`, LINES_FILE: 'x' })).toEqual([
      expect.stringMatching(/^LINES and LINES_FILE are both set/),
    ]);
  });
});
