/**
 * A hostile stub of the v1 platform: plays the API that a call-flow server uses, the phones behind it and every fault
 * of the wire, and keeps the truth against which the server is judged. It shares no code with what it judges.
 */
import type { AddressInfo } from 'node:net';
import { createAccount } from './account';
import { claimOf, digits, guessOf } from './claims';
import { createCommands } from './commands';
import { createDelivery, type Undelivered } from './delivery';
import { NO_FAULTS, type Faults } from './faults';
import { createJournal } from './journal';
import { createPrng } from './prng';
import { createReport, type Report } from './report';
import { isUp, LINE, PHONE, PSTN_CALLER, type FlowKind, type Scenario, type Script } from './scenario';
import { createStubServer, type Stray } from './server';
import { createSwitchboard } from './switchboard';

export * from './scenario';
export { ALL_FAULTS, HARMLESS, NO_FAULTS, scaleFaults, type Faults } from './faults';
export type { Report } from './report';
export type { Stray } from './server';
export type { Undelivered } from './delivery';

export interface StubOptions {
  seed: number;
  faults?: Faults;
  /** Every line of every call as it happens. */
  log?: (line: string) => void;
  /** Multiplies callTimeout. */
  timeScale?: number;
  /** Instead of what the application asks for, ms. */
  callbackTimeoutMs?: number;
  /** How long a caller stays on the line of whom the webhook server has never heard. */
  patienceMs?: number;
  host?: string;
  port?: number;
  /** The origin under which the webhook server reaches it; its own, where it is left out. */
  publicUrl?: string;
  user?: StubPlatform['user'];
  /** The number of the account that people call, and the endpoint that calls out and is called. */
  number?: string;
  endpoint?: string;
  /** How events of incoming calls are sent. */
  callbackMethod?: 'GET' | 'POST';
  /** Sends an event that failed once more to the same URL where no fallback URL is known. Default: true. */
  retrySameUrl?: boolean;
  onUndeliverable?: (event: Undelivered) => void;
}

export interface StubPlatform {
  /** Origin, known once started. */
  readonly url: string;
  readonly user: { id: string; token: string; secret: string };
  start(): Promise<void>;
  close(): Promise<void>;
  /** Where calls that come in are told, as an application's incomingCallUrl would say. */
  setIncomingCallUrl(url: string, fallbackUrl?: string): void;
  /** From now on; calls that are up meet them, too. */
  setFaults(faults: Faults): void;
  /** The phone dials a PSTN number. `label` names its dice; its number in the run where it is left out. */
  dialFromPhone(script: Script, label?: string): Scenario;
  /** Somebody on the PSTN dials the line. */
  dialFromPstn(script: Script, label?: string): Scenario;
  /** A PSTN number that the webhook server is about to be asked to dial: `scenario.dials`. */
  expectDial(script: Script, label?: string): Scenario;
  /** Every leg of every call is gone, and every event has been told. */
  isQuiet(): boolean;
  /** The legs of one call are gone, or it was never more than one. */
  isOver(scenario: Scenario): boolean;
  /** Somebody of a call is about to do something: answer, hang up, stop ringing. */
  isBusy(scenario: Scenario): boolean;
  /** The people of a call hang up, and nothing of it counts any more. */
  clear(scenario: Scenario): void;
  /** epoch ms of the last request of the webhook server */
  lastHeardAt(): number;
  /** How often nothing in a command said which call it was for. */
  guesses(): number;
  strayRequests(): readonly Stray[];
  report(): Report;
}

const DEFAULT_CALLBACK_TIMEOUT_MS = 10_000;

export function createStubPlatform(options: StubOptions): StubPlatform {
  const { seed, log, timeScale = 1, patienceMs = 3000, callbackTimeoutMs, retrySameUrl = true } = options;
  const { host = '127.0.0.1', port = 0, number = LINE, endpoint = PHONE, callbackMethod = 'POST' } = options;
  const user = options.user ?? { id: 'u-test', token: 't-test', secret: 's-test' };
  const userPath = `/v1/users/${user.id}`;
  const prng = createPrng(seed);
  const scenarios: Scenario[] = [];
  const byDialled = new Map<string, Scenario>();
  const strays: Stray[] = [];
  const queries = { asked: 0, refused: 0 };
  let faults = options.faults ?? NO_FAULTS;
  let url = options.publicUrl ?? '';
  let incoming: { url: string; fallbackUrl: string | undefined } = { url: '', fallbackUrl: undefined };
  let guesses = 0;
  let lastHeardAt = Date.now();

  const delivery = createDelivery({
    faults: () => faults,
    retrySameUrl,
    onUndeliverable(event) {
      const { leg, eventType } = event;
      // Without a webhook server and without a fallbackNumber there is nothing left to do with a call.
      if (eventType === 'incomingcall' && !leg.scenario.known) switchboard.end(leg, 'NORMAL_TEMPORARY_FAILURE');
      options.onUndeliverable?.(event);
    },
  });
  const switchboard = createSwitchboard({
    delivery,
    callUri: (id) => `${url}${userPath}/calls/${id}`,
    timeScale,
    patienceMs,
  });

  function newScenario(kind: FlowKind, script: Script, label?: string, dials?: string): Scenario {
    const index = scenarios.length + 1;
    const name = `#${index} ${kind}, ${script.farEnd}`;
    const dice = prng.fork(label ?? String(index));
    const scenario: Scenario = {
      index,
      name,
      kind,
      script,
      prng: dice,
      journal: createJournal(log && ((line) => log(`${name}: ${line}`))),
      legs: [],
      bridges: [],
      known: false,
      slowestAckMs: 0,
      unconfirmed: new Set(),
      strict: dice.fork('strict').chance(faults.strict),
      notBefore: new Map(),
      commandsTooLate: 0,
      closed: false,
      ...(dials && { dials }),
    };
    scenarios.push(scenario);
    if (dials !== undefined) byDialled.set(digits(dials), scenario);
    return scenario;
  }

  const ownNumber = (prefix: string): string => `${prefix}${String(scenarios.length + 1).padStart(4, '0')}`;

  const callback = () => ({
    callbackUrl: incoming.url,
    ...(incoming.fallbackUrl !== undefined && { fallbackUrl: incoming.fallbackUrl }),
    callbackMethod,
    callbackTimeoutMs: callbackTimeoutMs ?? DEFAULT_CALLBACK_TIMEOUT_MS,
  });

  function claim(call: { tag: string | undefined; to: string; callbackUrl: string }): Scenario {
    const claimed = claimOf(call, { scenarios, legs: switchboard.legs, byDialled });
    if (claimed?.guessed) guesses += 1;
    if (claimed) return claimed.scenario;
    const script: Script = { farEnd: 'answer', farEndAfterMs: 50, endsBy: 'callee', talkMs: 1000 };
    const stray = newScenario('speak', script, undefined, call.to);
    const about = `to ${call.to}, tag ${call.tag ?? 'none'}`;
    stray.journal.violation('unknown-dial', `a dial for no call that anybody knows: ${about}`);
    return stray;
  }

  const account = createAccount({ userPath, number, endpoint });
  const server = createStubServer({
    commands: createCommands({
      switchboard,
      account,
      claim,
      claimBridge: () => guessOf(scenarios, 'pstn-to-sip') ?? guessOf(scenarios, 'sip-to-pstn'),
      userPath,
      callbackTimeoutMs,
    }),
    account,
    faults: () => faults,
    prng: prng.fork('queries'),
    userPath,
    credentials: `${user.token}:${user.secret}`,
    onStray: (stray) => strays.push(stray),
    onQuery(refused) {
      queries.asked += 1;
      if (refused) queries.refused += 1;
    },
  });
  server.on('request', () => (lastHeardAt = Date.now()));

  return {
    user,
    get url() {
      return url;
    },
    async start() {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, resolve);
      });
      const { port: bound } = server.address() as AddressInfo;
      url = options.publicUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
    },
    async close() {
      switchboard.close();
      delivery.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
    setIncomingCallUrl(to, fallbackUrl) {
      incoming = { url: to, fallbackUrl };
    },
    setFaults(wanted) {
      faults = wanted;
    },
    dialFromPhone(script, label) {
      const to = ownNumber('+1555222');
      const scenario = newScenario('sip-to-pstn', script, label, to);
      switchboard.ring(scenario, { from: endpoint, to, ...callback() });
      return scenario;
    },
    dialFromPstn(script, label) {
      const scenario = newScenario('pstn-to-sip', script, label);
      switchboard.ring(scenario, { from: PSTN_CALLER, to: number, ...callback() });
      return scenario;
    },
    expectDial(script, label) {
      const scenario = newScenario('speak', script, label, ownNumber('+1555333'));
      scenario.known = true;
      return scenario;
    },
    isOver: (scenario) => scenario.legs.length > 0 && !scenario.legs.some(isUp),
    isQuiet: () => delivery.pending() === 0 && ![...switchboard.legs.values()].some(isUp),
    isBusy: ({ legs }) => legs.some((leg) => switchboard.isBusy(leg)),
    clear(scenario) {
      scenario.closed = true;
      for (const leg of scenario.legs) switchboard.end(leg, 'NORMAL_CLEARING');
    },
    lastHeardAt: () => lastHeardAt,
    guesses: () => guesses,
    strayRequests: () => strays,
    report: () =>
      createReport({ seed, scenarios, strays: strays.map(({ text }) => text), queries, delivery: delivery.stats }),
  };
}
