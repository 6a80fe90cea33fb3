/** Clients of the platform's sandbox and of Tandem's API, with the requests that the demo needs. */
import { z } from 'zod';
import { callView, type CallView } from '../api/schemas';
import { TandemError, messageOf } from '../support/errors';

export class DemoError extends TandemError {
  readonly code = 'demo-failed';
}

const historyEntry = z.object({
  time: z.string(),
  what: z.string(),
  cause: z.string().optional(),
  detail: z.string().optional(),
});

/** A leg from the view of its far end (`GET /sandbox/calls`). */
const farEnd = z.object({
  kind: z.string(),
  party: z.string(),
  direction: z.enum(['in', 'out']),
  callId: z.string().optional(),
  tag: z.string().optional(),
  state: z.string(),
  history: z.array(historyEntry),
});
export type FarEndView = z.infer<typeof farEnd>;

/** A real phone that is registered (`GET /sandbox/registrations`). */
const registration = z.object({ sipUri: z.string(), userAgent: z.string().optional(), address: z.string() });
export type RegistrationView = z.infer<typeof registration>;

export interface Sandbox {
  attachPhone(sipUri: string): Promise<void>;
  /** Makes a far end dial. @returns the platform's call id */
  dial(call: { from: string; to: string; giveUpAfterMs?: number; hangUpAfterMs?: number }): Promise<string>;
  /** Returns the legs of a session: the caller's leg, and those with its tag. */
  legsOf(flowId: string): Promise<FarEndView[]>;
  /** Returns the registered phones of an endpoint. */
  registrationsOf(sipUri: string): Promise<RegistrationView[]>;
}

export function createSandbox(platform: { url: string; token: string; secret: string }): Sandbox {
  const authorization = `Basic ${Buffer.from(`${platform.token}:${platform.secret}`).toString('base64')}`;
  const send = (path: string, body?: object, tolerated?: number) =>
    sendJson(`${platform.url}/sandbox${path}`, authorization, body, tolerated);
  return {
    async attachPhone(sipUri) {
      await send('/phones', { sipUri });
    },
    async dial(call) {
      return z.object({ callId: z.string() }).parse(await send('/calls', call)).callId;
    },
    async legsOf(flowId) {
      const legs = z.array(farEnd).parse(await send('/calls'));
      return legs.filter(({ callId, tag }) => callId === flowId || tag === flowId);
    },
    async registrationsOf(sipUri) {
      // A platform without telephones answers 404.
      const all = z.array(registration).parse((await send('/registrations', undefined, 404)) ?? []);
      return all.filter((one) => one.sipUri === sipUri);
    },
  };
}

export interface TandemApi {
  speak(to: string, sentence: string): Promise<string>;
  /** Returns undefined if Tandem does not know the call yet. */
  call(id: string): Promise<CallView | undefined>;
}

export function createTandemApi(url: string, apiToken: string | undefined): TandemApi {
  const authorization = apiToken === undefined ? undefined : `Bearer ${apiToken}`;
  return {
    async speak(to, sentence) {
      return callView.parse(await sendJson(`${url}/calls`, authorization, { to, sentence })).id;
    },
    async call(id) {
      const found = await sendJson(`${url}/calls/${encodeURIComponent(id)}`, authorization, undefined, 404);
      return found === undefined ? undefined : callView.parse(found);
    },
  };
}

/** @param tolerated an error status for which the result is undefined */
async function sendJson(
  url: string,
  authorization: string | undefined,
  body?: object,
  tolerated?: number,
): Promise<unknown> {
  const response = await fetch(url, {
    method: body ? 'POST' : 'GET',
    headers: { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  }).catch((error: unknown) => {
    throw new DemoError(`cannot reach ${url} (${messageOf(error)}); check that npm start still runs`, {
      cause: error,
    });
  });
  if (response.status === tolerated) return undefined;
  const text = await response.text();
  if (response.status === 404 && url.includes('/sandbox/')) {
    throw new DemoError('the sandbox of the platform is off; start Tandem with PLATFORM_SANDBOX=on');
  }
  if (!response.ok) throw new DemoError(`${url} answered ${response.status}: ${text}`);
  return text === '' ? undefined : (JSON.parse(text) as unknown);
}
