/**
 * A hostile stub of the v1 platform: plays the API that a call-flow server uses, the phones behind it and every fault
 * of the network. It keeps the true state of each call, to judge the server by it, and shares no code with the server.
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
  /** Receives every journal entry of every call. */
  log?: (line: string) => void;
  /** Multiplies callTimeout. */
  timeScale?: number;
  /** Overrides the timeout of the application, ms. */
  callbackTimeoutMs?: number;
  /** How long a caller waits whose incomingcall event the webhook server has not accepted, ms. */
  patienceMs?: number;
  host?: string;
  port?: number;
  /** The origin at which the webhook server reaches the stub. Default: its own. */
  publicUrl?: string;
  user?: StubPlatform['user'];
  /** The number of the account. */
  number?: string;
  endpoint?: string;
  /** The method of events of incoming calls. */
  callbackMethod?: 'GET' | 'POST';
  /** Whether to repeat a failed event to the same URL if there is no fallback URL. Default: true. */
  retrySameUrl?: boolean;
  onUndeliverable?: (event: Undelivered) => void;
}

export interface StubPlatform {
  /** Origin, known once started. */
  readonly url: string;
  readonly user: { id: string; token: string; secret: string };
  start(): Promise<void>;
  close(): Promise<void>;
  /** Sets the URL for events of incoming calls, like incomingCallUrl of an application. */
  setIncomingCallUrl(url: string, fallbackUrl?: string): void;
  /** Applies to later events and commands, also of active calls. */
  setFaults(faults: Faults): void;
  /** Makes the phone dial a PSTN number. `label` seeds its random choices. Default: its number in the run. */
  dialFromPhone(script: Script, label?: string): Scenario;
  /** Makes a PSTN caller dial the number of the account. */
  dialFromPstn(script: Script, label?: string): Scenario;
  /** Reserves a PSTN number, `scenario.dials`, for a call of the webhook server. */
  expectDial(script: Script, label?: string): Scenario;
  /** Whether every leg has ended, and every event is delivered. */
  isQuiet(): boolean;
  /** Whether the legs of a call have ended. */
  isOver(scenario: Scenario): boolean;
  /** Whether a party of the call has a planned action: to answer, to hang up, to stop ringing. */
  isBusy(scenario: Scenario): boolean;
  /** Hangs up all parties of a call. The report ignores the call from then on. */
  clear(scenario: Scenario): void;
  /** Time of the last request of the webhook server, epoch ms. */
  lastHeardAt(): number;
  /** How many dials did not name their call. */
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
      // Without a webhook server and a fallbackNumber the platform ends the call.
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
    stray.journal.violation('unknown-dial', `a dial that belongs to no known call: ${about}`);
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
