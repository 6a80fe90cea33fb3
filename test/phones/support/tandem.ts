/** The product with its own platform, as `npm start` runs it, in a folder of its own: what phones register with. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { startChild } from './child';
import { eventually } from './waiting';

const MAIN = process.env['TANDEM_MAIN'] ?? join(__dirname, '../../../dist/cli/main.js');
const START_MS = 60_000;
/** As in `.tandem/running.json`. */
const running = z.object({
  url: z.string(),
  platform: z.object({ url: z.string(), userId: z.string(), token: z.string(), secret: z.string() }),
  sip: z.object({ host: z.string(), port: z.int() }),
});

/** A simulated subscriber who answers. */
export const PSTN = '+15552223333';
export const PASSWORD = 'secret1';
export const DOMAIN = 'xyz-corp-testing.bwapp.bwsip.io';
export const JSMITH = { user: 'jsmith_mobile', number: '+1555444333', uri: `sip:jsmith_mobile@${DOMAIN}` };
export const ALICE = { user: 'alice', number: '+1555444334', uri: `sip:alice@${DOMAIN}` };

export interface Reply {
  status: number;
  location: string | undefined;
  body: unknown;
}

export interface Tandem {
  readonly url: string;
  readonly userId: string;
  readonly token: string;
  readonly secret: string;
  /** Origin of the v1 API. */
  readonly platformUrl: string;
  readonly pid: number | undefined;
  readonly sip: { readonly host: string; readonly port: number };
  /** `host:port` of the registrar, for phones */
  readonly sipServer: string;
  /** A request to the platform, with the account's credentials: `/sandbox/…`, `/v1/users/…`. */
  platform(method: string, path: string, body?: unknown): Promise<Reply>;
  /** A request to Tandem's own API. */
  own(method: string, path: string, body?: unknown): Promise<Reply>;
  /** A file of the platform, by its absolute URL. */
  download(url: string): Promise<Buffer>;
  output(): string;
  stop(): Promise<void>;
}

/** Two endpoints, jsmith_mobile and alice, unless `env` says otherwise; all ports chosen by the system. */
export async function startTandem(env: Record<string, string> = {}): Promise<Tandem> {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-phones-'));
  const child = startChild(process.execPath, [MAIN, 'serve'], {
    cwd: folder,
    env: {
      HOST: '127.0.0.1',
      PORT: '0',
      PLATFORM_PORT: '0',
      SIP_HOST: '127.0.0.1',
      SIP_PORT: '0',
      SIP_PASSWORD: PASSWORD,
      LINES: [JSMITH, ALICE].map(({ number, uri }) => `${number}=${uri}`).join(','),
      ...env,
    },
  });
  const stop = async (): Promise<void> => {
    await child.end('SIGTERM', 12_000);
    rmSync(folder, { recursive: true, force: true });
  };
  const started = await eventually(
    'Tandem to write .tandem/running.json',
    () => look(folder, child.exit),
    START_MS,
  ).catch(async (error: unknown) => {
    await stop();
    throw new Error(`Tandem did not start (${child.exit() ?? ''}):\n${child.output()}`, { cause: error });
  });
  const { url, sip, platform: account } = started;
  const authorization = `Basic ${Buffer.from(`${account.token}:${account.secret}`).toString('base64')}`;
  return {
    url,
    userId: account.userId,
    token: account.token,
    secret: account.secret,
    platformUrl: account.url,
    pid: child.pid,
    sip,
    sipServer: `${sip.host}:${sip.port}`,
    platform: (method, path, body) => request(method, account.url + path, { authorization }, body),
    own: (method, path, body) => request(method, url + path, {}, body),
    async download(from) {
      const response = await fetch(from, { headers: { authorization } });
      if (!response.ok) throw new Error(`GET ${from}: ${response.status} ${await response.text()}`);
      return Buffer.from(await response.arrayBuffer());
    },
    output: child.output,
    stop,
  };
}

function look(folder: string, exit: () => string | undefined): z.infer<typeof running> | undefined {
  const ended = exit();
  if (ended !== undefined) throw new Error(`it has ended: ${ended}`);
  let text: string;
  try {
    text = readFileSync(join(folder, '.tandem/running.json'), 'utf8');
  } catch {
    return undefined; // not written yet
  }
  return text.endsWith('}') ? running.parse(JSON.parse(text)) : undefined;
}

async function request(method: string, url: string, headers: Record<string, string>, body: unknown): Promise<Reply> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    location: response.headers.get('location') ?? undefined,
    body: text.startsWith('{') || text.startsWith('[') ? (JSON.parse(text) as unknown) : text,
  };
}
