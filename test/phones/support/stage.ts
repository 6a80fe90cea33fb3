/** What a phone test works with: Tandem, phones on its endpoints, and a look at what the platform makes of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { startBaresip, type BaresipOptions, type Phone } from './baresip';
import { DOMAIN, JSMITH, PASSWORD, PSTN, startTandem, type Tandem } from './tandem';
import { eventually } from './waiting';
import { tone, writeWav } from './wav';

/** Nothing of a test lasts longer; at the end of its file a phone hangs up. */
const TONE_SECONDS = 120;

const registrations = z.array(z.looseObject({ sipUri: z.string(), contact: z.string(), transport: z.string() }));
const calls = z.array(
  z.looseObject({ id: z.string(), direction: z.string(), from: z.string(), to: z.string(), state: z.string() }),
);
const events = z.array(z.looseObject({ name: z.string(), data: z.string().optional() }));
const sandboxCalls = z.array(
  z.looseObject({ id: z.string(), kind: z.string(), state: z.string(), cause: z.string().optional() }),
);

export type PhoneOptions = Partial<BaresipOptions> & {
  /** Hz that it speaks; silence without */
  hz?: number;
  /** Does not wait until it is registered. */
  isUnregistered?: boolean;
};

export interface Stage {
  readonly tandem: Tandem;
  /** A phone that is registered, by default as jsmith_mobile. */
  phone(options?: PhoneOptions): Promise<Phone>;
  /** A subscriber dials the number of jsmith_mobile. */
  callFromPstn(options?: { giveUpAfterMs?: number }): Promise<void>;
  /** Contacts of an endpoint that are registered now. */
  contacts(sipUri?: string): Promise<z.infer<typeof registrations>>;
  /** Waits until so many phones are registered. */
  contactsAre(count: number, sipUri?: string): Promise<void>;
  /** The platform's calls, newest first. */
  calls(): Promise<z.infer<typeof calls>>;
  events(callId: string): Promise<z.infer<typeof events>>;
  /** The legs of simulated far ends, newest first. */
  simulated(): Promise<z.infer<typeof sandboxCalls>>;
  /** Waits until the platform has no call that is not over. */
  allOver(): Promise<void>;
  /** Ends the phones of a test. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export async function setStage(env: Record<string, string> = {}): Promise<Stage> {
  const tandem = await startTandem(env);
  const folder = mkdtempSync(join(tmpdir(), 'tandem-tones-'));
  const user = `/v1/users/${tandem.userId}`;
  let phones: Phone[] = [];

  const toneFile = (hz: number): string => {
    const path = join(folder, `${hz}.wav`);
    writeWav(path, tone(hz, TONE_SECONDS));
    return path;
  };
  const get = async <T>(path: string, shape: z.ZodType<T>): Promise<T> => {
    const { status, body } = await tandem.platform('GET', path);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
    return shape.parse(body);
  };
  const contacts = async (sipUri: string = JSMITH.uri) =>
    (await get('/sandbox/registrations', registrations)).filter((one) => one.sipUri === sipUri);
  const clear = async (): Promise<void> => {
    const ended = phones;
    phones = [];
    // A phone that unregisters leaves no contact for the next test to ring.
    await Promise.all(ended.map((phone) => phone.quit()));
    await Promise.all(ended.map((phone) => phone.kill()));
  };
  const listCalls = () => get(`${user}/calls?size=100`, calls);

  return {
    tandem,
    async phone({ hz, isUnregistered = false, ...options } = {}) {
      const phone = await startBaresip({
        name: `${options.user ?? JSMITH.user}-${phones.length + 1}`,
        user: JSMITH.user,
        password: PASSWORD,
        domain: DOMAIN,
        server: tandem.sipServer,
        ...(hz === undefined ? {} : { play: toneFile(hz) }),
        ...options,
      });
      phones.push(phone);
      if (!isUnregistered) await phone.registered();
      return phone;
    },
    async callFromPstn(options = {}) {
      const call = { from: PSTN, to: JSMITH.number, ...options };
      const { status, body } = await tandem.platform('POST', '/sandbox/calls', call);
      if (status !== 201) throw new Error(`POST /sandbox/calls: ${status} ${JSON.stringify(body)}`);
    },
    contacts,
    async contactsAre(count, sipUri) {
      await eventually(`${count} contacts`, async () => (await contacts(sipUri)).length === count);
    },
    calls: listCalls,
    events: (callId) => get(`${user}/calls/${callId}/events?size=100`, events),
    simulated: () => get('/sandbox/calls', sandboxCalls),
    async allOver() {
      const isOver = (state: string): boolean => state === 'completed' || state === 'rejected';
      await eventually('all calls to be over', async () => (await listCalls()).every(({ state }) => isOver(state)));
    },
    clear,
    async close() {
      await clear();
      await tandem.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * One stage for all tests of a file; after each of them its phones are gone, and its calls over.
 * @param env settings, asked for when what was set up before is there
 */
export function onStage(take: (stage: Stage) => void, env: () => Record<string, string> = () => ({})): void {
  let stage: Stage | undefined;
  beforeAll(async () => {
    stage = await setStage(env());
    take(stage);
  });
  afterEach(async () => {
    await stage?.clear();
    await stage?.allOver();
  });
  afterAll(() => stage?.close());
}
