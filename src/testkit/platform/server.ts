/** The HTTP server: authenticates and routes requests, and injects faults into commands and their replies. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { messageOf } from '../../support/errors';
import type { Account } from './account';
import type { Command, Commands } from './commands';
import { confirmReads } from './confirmation';
import { drawCommandFault, type CommandFault, type Faults } from './faults';
import type { Prng } from './prng';
import { failure, type Body, type Reply } from './replies';

/** A faulty request that belongs to no call. */
export interface Stray {
  kind: 'wrong-credentials' | 'unknown-route' | 'no-json' | 'stub-failed';
  text: string;
}

interface ServerOptions {
  commands: Commands;
  account: Pick<Account, 'availableNumbers'>;
  faults: () => Faults;
  prng: Prng;
  userPath: string;
  credentials: string;
  onStray: (stray: Stray) => void;
  onQuery: (refused: boolean) => void;
}

export function createStubServer(options: ServerOptions): Server {
  const { commands, account, faults, prng, userPath, credentials, onStray, onQuery } = options;
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  let queries = 0;

  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = await readJson(req);
    const url = new URL(req.url ?? '/', 'http://stub');
    const asked = `${req.method ?? ''} ${url.pathname}`;
    if (req.headers.authorization !== authorization) {
      onStray({ kind: 'wrong-credentials', text: `wrong credentials: ${asked}` });
      return send(res, failure(401, 'authentication-error'));
    }
    if (body === undefined) {
      onStray({ kind: 'no-json', text: `the body is not a JSON object: ${asked}` });
      return send(res, failure(400, 'validation-error', 'the body must be a JSON object'));
    }
    const [, kind] = /^\/v1\/availableNumbers\/(\w+)$/.exec(url.pathname) ?? [];
    const numbers = kind === undefined ? undefined : account.availableNumbers(req.method ?? '', kind, url.searchParams);
    if (numbers) return send(res, numbers);
    const path = `${url.pathname}/`.startsWith(`${userPath}/`) ? url.pathname.slice(userPath.length + 1) : undefined;
    const command = path === undefined ? undefined : commands.read(req.method ?? '', path, url.searchParams, body);
    if (!command) {
      onStray({ kind: 'unknown-route', text: `unknown path: ${asked}` });
      return send(res, failure(404, 'resource-not-found'));
    }
    if (command.account) return send(res, command.take());
    await run(command, res, asked);
  }

  async function run(command: Command, res: ServerResponse, asked: string): Promise<void> {
    const { scenario, name, query, side } = command;
    const journal = scenario?.journal;
    const label = `command ${name} ${side ?? ''}`;
    const key = journal?.nextKey(label) ?? `${label} ${++queries}`;
    const dice = (scenario?.prng ?? prng).fork(key);
    journal?.command(name, `${name} ${command.about} (${asked.split(' ', 1)[0] ?? ''})`, side);
    if (query) {
      const unavailable = dice.chance(faults().queries);
      onQuery(unavailable);
      if (unavailable) journal?.fault('query 503');
      const reply = unavailable ? failure(503, 'call-unavailable') : command.take();
      journal?.reply(describe(reply), side);
      return send(res, reply);
    }
    const fault = drawCommandFault(faults(), dice, name);
    if (fault) journal?.fault(fault);
    if (fault) journal?.draw(key, fault);
    // Tolerates timers that fire a little early.
    if (Date.now() < (scenario?.notBefore.get(command.about + name) ?? 0) - 5)
      journal?.violation('rate-limit-ignored', `${name} was repeated before X-RateLimit-Reset`);
    const take = (): Reply => {
      whenUnread(res, () => void scenario?.unconfirmed.add(name));
      const reply = command.take();
      journal?.reply(`${describe(reply)}${fault ? ` [${fault}]` : ''}`, side);
      return reply;
    };
    if (!fault) return after(dice.between(0, 3), () => send(res, take()));
    const kept = refusal(fault, dice);
    if (kept) {
      journal?.reply(`${describe(kept)} [${fault}]`, side);
      const reset = Number(kept.headers?.['x-ratelimit-reset'] ?? 0);
      if (reset > 0) scenario?.notBefore.set(command.about + name, reset > 1e11 ? reset : reset * 1000);
      return send(res, kept);
    }
    await misbehave(fault, take, res, dice, (text) => journal?.reply(text, side));
  }

  const server = createServer((req, res) => {
    handle(req, res).catch((error: unknown) => {
      onStray({
        kind: 'stub-failed',
        text: `internal error of the kit: ${(error instanceof Error && error.stack) || messageOf(error)}`,
      });
      res.destroy();
    });
  });
  const whenUnread = confirmReads(server);
  return server;
}

/** Returns the reply of faults that are an error reply without effect. */
function refusal(fault: CommandFault, dice: Prng): Reply | undefined {
  switch (fault) {
    case '429': {
      const at = Date.now() + dice.between(50, 300);
      // The documentation shows milliseconds but calls the value a UNIX timestamp.
      const reset = dice.chance(0.5) ? String(at) : String(Math.ceil(at / 1000));
      return { ...failure(429, 'rate-limit-reached'), headers: { 'x-ratelimit-reset': reset } };
    }
    case '403 call-rate-limit':
      return failure(403, 'call-rate-limit');
    case '409 conflict':
      return failure(409, 'call-update-conflict');
    case '503 unavailable':
      return failure(503, 'call-unavailable');
    case '500 without effect':
      return failure(500, 'internal-server-error');
    case 'final 4xx':
      return failure(400, 'validation-error', 'refused for good');
    default:
      return undefined;
  }
}

/** Plays faults whose reply does not match the effect. */
async function misbehave(
  fault: CommandFault,
  take: () => Reply,
  res: ServerResponse,
  dice: Prng,
  say: (text: string) => void,
): Promise<void> {
  const without = (text: string): void => say(`no effect [${text}]`);
  switch (fault) {
    case 'slow reply': {
      const reply = take();
      return after(dice.between(50, 200), () => send(res, reply));
    }
    case '500 with effect':
      take();
      return send(res, failure(500, 'internal-server-error'));
    case 'reply lost after effect':
      take();
      return after(dice.between(0, 20), () => void res.destroy());
    case 'hang after effect':
      take();
      return;
    case 'hang before effect':
      return without(fault);
    case 'connection reset':
      without(fault);
      res.socket?.resetAndDestroy();
      return;
    default:
      without(fault);
      res.destroy();
  }
}

function send(res: ServerResponse, { status, body, headers }: Reply): void {
  if (res.destroyed) return;
  const payload = body === undefined ? '' : JSON.stringify(body);
  res.writeHead(status, {
    ...headers,
    ...(payload && { 'content-type': 'application/json' }),
    'content-length': Buffer.byteLength(payload),
  });
  res.end(payload);
}

function describe({ status, body, headers }: Reply): string {
  const code = body && typeof body === 'object' && 'code' in body ? ` ${String(body.code)}` : '';
  const state = body && typeof body === 'object' && 'state' in body ? ` ${String(body.state)}` : '';
  return `${status}${code}${state}${headers?.['location'] ? ` ${headers['location']}` : ''}`;
}

/** Delays a reply by a few milliseconds. Closing the server in the meantime does no harm. */
function after(ms: number, act: () => void): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(() => {
      act();
      resolve();
    }, ms);
  });
}

/** Returns the body as an object; `{}` if it is empty, undefined if it is not a JSON object. */
async function readJson(req: IncomingMessage): Promise<Body | undefined> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of req) if (chunk instanceof Uint8Array) chunks.push(chunk);
  const raw = Buffer.concat(chunks).toString();
  if (!raw) return {};
  try {
    const parsed: unknown = JSON.parse(raw);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Body =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
