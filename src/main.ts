/** The only place that reads the environment, and that knows both wings: settings, wiring, signals, drain. */
import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { banner, describeProvisioned, describeTransports } from './banner';
import { createApiHttp } from './call-control/http';
import { ConfigError, demoEnvironment, loadConfig, type Config, type Purpose } from './config';
import { createSandbox } from './demo/clients';
import { runDemo } from './demo/demo';
import { scenariosOf } from './demo/scenarios';
import { TandemError, UsageError, messageOf } from './errors';
import { createLogger, type Logger } from './logger';
import { SipListenError, startPlatform, type Platform } from './platform';
import { provision, type Provisioned } from './provisioning/provision';
import { readRunning, removeRunning, writeRunning } from './runtime-file';
import { startServer, webhookUrlOf, type TandemServer } from './server';
import { checkFolders, explainListen, readCertificate, unknownSettings } from './setting-faults';

interface Command {
  purpose: Purpose;
  /** What may stand behind its name; undefined: it looks at that itself. */
  options: readonly string[] | undefined;
  run: (config: Config, args: string[]) => Promise<void>;
}

const COMMANDS: Record<string, Command> = {
  serve: { purpose: 'serve', options: [], run: serve },
  platform: { purpose: 'platform', options: [], run: servePlatform },
  provision: { purpose: 'provision', options: ['--json'], run: printProvisioned },
  demo: { purpose: 'demo', options: undefined, run: demo },
};

const USAGE = `node dist/main.js [serve | platform | provision | demo]; settings: see .env.example
  serve               the webhook server, and the platform where BANDWIDTH_API_URL is not set; the default
  platform            the v1 platform alone
  provision [--json]  application, numbers, domains and endpoints of LINES, on whichever platform
  demo [FLOW ...]     makes calls and draws them
`;

/** The webhook server, and the platform beside it where no other is set. */
async function serve(config: Config): Promise<void> {
  const log = logger(config);
  if (config.redis && config.api.url === undefined)
    log.warn(
      'REDIS_URL is set, and BANDWIDTH_API_URL is not: each instance has a platform of its own, with calls of its own',
    );
  const { server, platform, provisioned } = await startAll(config, log);
  closeOnSignal(log, server, platform);
  if (!platform || !provisioned) return;
  const { url } = server;
  const { userId, token, secret } = config.api;
  const account = { url: platform.url, userId, token, secret };
  writeRunning({ pid: process.pid, url, apiToken: config.apiToken, platform: account, sip: platform.sip?.phones }, log);
  // For people; where the log is not for people, it goes beside the log.
  const out = process.stdout.isTTY ? process.stdout : process.stderr;
  const started = { config, url, platform, provisioned, simulatedPhones: config.platform.sandbox };
  out.write(`${banner(started)}\n`);
}

interface Running {
  server: TandemServer;
  platform: Platform | undefined;
  provisioned: Provisioned | undefined;
}

async function startAll(config: Config, log: Logger): Promise<Running> {
  const platform = config.api.url === undefined ? await embed(config, log) : undefined;
  const apiUrl = config.api.url ?? platform?.url ?? '';
  let server: TandemServer | undefined;
  try {
    server = await startServer(config, apiUrl, log).catch((error: unknown) => {
      throw explainListen(error, { setting: 'PORT', port: config.port, hostSetting: 'HOST', host: config.host });
    });
    return { server, platform, provisioned: platform && (await setUp(config, platform.url, server.webhookUrl)) };
  } catch (error) {
    await server?.close();
    await platform?.close();
    throw error;
  }
}

/** The embedded platform gets what LINES names, and a simulated phone for each endpoint. */
async function setUp(config: Config, platformUrl: string, webhookUrl: string): Promise<Provisioned> {
  const { lines, sipPassword } = config;
  const http = createApiHttp({ ...config.api, url: platformUrl });
  const provisioned = await provision(http, { lines, sipPassword, resetPassword: false, webhookUrl }).finally(() =>
    http.close(),
  );
  if (config.platform.sandbox) {
    const sandbox = createSandbox({ ...config.api, url: platformUrl });
    for (const endpoint of new Set(lines.map((line) => line.endpoint))) await sandbox.attachPhone(endpoint);
  }
  return provisioned;
}

async function embed(config: Config, log: Logger): Promise<Platform> {
  const { userId, token: apiToken, secret: apiSecret } = config.api;
  const account = { userId, apiToken, apiSecret };
  const { tls, recordingsDir, ...sip } = config.sip;
  checkFolders(config.sip);
  const options = { ...sip, tls: tls && { port: tls.port, ...readCertificate(tls) } };
  const { host } = config;
  return startPlatform({ ...config.platform, host, ...account, sip: options, recordingsDir, log }).catch(
    (error: unknown) => {
      if (!(error instanceof SipListenError))
        throw explainListen(error, { setting: 'PLATFORM_PORT', port: config.platform.port, hostSetting: 'HOST', host });
      const [setting, port] = error.tls ? ['SIP_TLS_PORT', tls?.port ?? 0] : ['SIP_PORT', sip.port];
      const hostSetting = sip.host === host ? 'HOST' : 'SIP_HOST';
      throw explainListen(error.cause, { setting, port, hostSetting, host: sip.host });
    },
  );
}

/** The platform alone. */
async function servePlatform(config: Config): Promise<void> {
  const log = logger(config);
  const platform = await embed(config, log);
  closeOnSignal(log, platform);
  const { userId, token, secret, madeUp } = config.api;
  const account = madeUp ? `token ${token}, secret ${secret}` : 'the BANDWIDTH_* credentials';
  process.stderr.write(
    `\n  The v1 API is at ${platform.url}/v1/users/${userId}, with ${account}\n  Phones: ${describeTransports(platform)}\n\n`,
  );
}

async function printProvisioned(config: Config, args: string[]): Promise<void> {
  const local = config.api.url === undefined ? readRunning() : undefined;
  if (config.api.url === undefined && !local) {
    throw new UsageError(
      'there is no platform to provision: set BANDWIDTH_API_URL, or run npm start in this folder first',
    );
  }
  const base = config.publicBaseUrl ?? local?.url;
  if (base === undefined) {
    throw new ConfigError(['PUBLIC_BASE_URL is missing; give the URL at which the platform reaches Tandem']);
  }
  const http = createApiHttp({ ...config.api, url: config.api.url ?? '', ...local?.platform });
  const provisioned = await provision(http, {
    lines: config.lines,
    webhookUrl: webhookUrlOf(base, config.webhookCredentials),
    sipPassword: config.sipPassword,
    resetPassword: !config.sipPasswordMadeUp,
  }).finally(() => http.close());
  process.stdout.write(
    `${args.includes('--json') ? JSON.stringify(provisioned, null, 2) : describeProvisioned(provisioned)}\n`,
  );
}

/** The flows, drawn: on the Tandem that runs in this folder, else on one of its own. */
async function demo(config: Config, args: string[]): Promise<void> {
  const scenarios = scenariosOf(args);
  const found = readRunning();
  const ownConfig = loadConfig(demoEnvironment(environment()));
  const own = found ? undefined : await startAll(ownConfig, createLogger({ level: 'silent', pretty: false }));
  try {
    const url = found?.url ?? own?.server.url ?? '';
    process.stdout.write(`on ${found ? 'the Tandem that runs here' : 'a Tandem started for the demo'}: ${url}\n`);
    const platform = found?.platform ?? { ...ownConfig.api, url: own?.platform?.url ?? '' };
    const [line] = (found ? config : ownConfig).lines;
    if (!line) return;
    const ok = await runDemo({ url, apiToken: found?.apiToken, platform, line }, scenarios, (text) => {
      process.stdout.write(`${text}\n`);
    });
    if (!ok) process.exitCode = 1;
  } finally {
    await own?.server.close();
    await own?.platform?.close();
  }
}

function logger(config: Config): Logger {
  const log = createLogger({ level: config.logLevel, pretty: process.stdout.isTTY });
  const names = unknownSettings(envFile());
  if (names.length > 0) log.warn({ names }, '.env has names that are no settings; .env.example has all settings');
  return log;
}

/** The first signal closes in the order given, the second ends the process at once. */
function closeOnSignal(log: Logger, ...servers: ({ close(): Promise<void> } | undefined)[]): void {
  const close = async (signal: string) => {
    log.info({ signal }, 'going down');
    removeRunning();
    for (const server of servers) await server?.close();
    process.exit(0);
  };
  let closing = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (closing) process.exit(1);
      closing = true;
      void close(signal);
    });
  }
}

function environment(): Record<string, string | undefined> {
  return { ...envFile(), ...process.env };
}

const envFile = (): NodeJS.Dict<string> => (existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {});

async function main([name = 'serve', ...args]: string[]): Promise<void> {
  if (name === 'help' || [name, ...args].some((arg) => arg === '--help' || arg === '-h')) {
    process.stdout.write(USAGE);
    return;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new UsageError(`there is no command "${name}"; there are ${Object.keys(COMMANDS).join(', ')}`);
  const strange = args.find((arg) => command.options?.includes(arg) === false);
  if (strange !== undefined)
    throw new UsageError(`${name} takes no "${strange}"; settings are variables of the environment, see .env.example`);
  await command.run(loadConfig(environment(), command.purpose), args);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  // Our own errors say what to do; anything else is a fault of ours, and its stack tells where.
  const text = error instanceof TandemError ? error.message : error instanceof Error ? error.stack : messageOf(error);
  process.stderr.write(`tandem: ${text}\n`);
  process.exitCode = 1;
});
