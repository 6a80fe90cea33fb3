/**
 * A hostile stub of the v1 platform: plays the API that a call-flow server uses, the phones behind it and every fault
 * of the wire, and keeps the truth against which the server is judged. It shares no code with what it judges.
 */
import type { AddressInfo } from 'node:net';
import { createCommands } from './commands';
import { createDelivery } from './delivery';
import { NO_FAULTS, type Faults } from './faults';
import { createJournal } from './journal';
import { createPrng } from './prng';
import { createReport, type Report } from './report';
import { isUp, LINE, PHONE, PSTN_CALLER, type FlowKind, type Scenario, type Script } from './scenario';
import { createStubServer } from './server';
import { createSwitchboard } from './switchboard';

export * from './scenario';
export { ALL_FAULTS, HARMLESS, NO_FAULTS, scaleFaults, type Faults } from './faults';
export type { Report } from './report';

export interface StubOptions {
  seed: number;
  faults?: Faults;
  /** Every line of every call as it happens. */
  log?: (line: string) => void;
  /** Multiplies callTimeout. */
  timeScale?: number;
  callbackTimeoutMs?: number;
  /** How long a caller stays on the line of whom the webhook server has never heard. */
  patienceMs?: number;
}

export interface StubPlatform {
  /** Origin, known once started. */
  readonly url: string;
  readonly user: { id: string; token: string; secret: string };
  start(): Promise<void>;
  close(): Promise<void>;
  /** Where calls that come in are told, as an application's incomingCallUrl would say. */
  setIncomingCallUrl(url: string): void;
  /** The phone dials a PSTN number. */
  dialFromPhone(script: Script): Scenario;
  /** Somebody on the PSTN dials the line. */
  dialFromPstn(script: Script): Scenario;
  /** A PSTN number that the webhook server is about to be asked to dial: `scenario.dials`. */
  expectDial(script: Script): Scenario;
  /** Every leg of every call is gone, and every event has been told. */
  isQuiet(): boolean;
  /** The legs of one call are gone, or it was never more than one. */
  isOver(scenario: Scenario): boolean;
  report(): Report;
}

export function createStubPlatform(options: StubOptions): StubPlatform {
  const { seed, faults = NO_FAULTS, log, timeScale = 1, callbackTimeoutMs = 3000, patienceMs = 3000 } = options;
  const user = { id: 'u-test', token: 't-test', secret: 's-test' };
  const userPath = `/v1/users/${user.id}`;
  const prng = createPrng(seed);
  const scenarios: Scenario[] = [];
  const strays: string[] = [];
  const queries = { asked: 0, refused: 0 };
  let url = '';
  let incomingCallUrl = '';

  const delivery = createDelivery({
    faults,
    callbackTimeoutMs,
    onUndeliverable(leg, body) {
      // Without a webhook server and without a fallbackNumber there is nothing left to do with a call.
      if (body['eventType'] === 'incomingcall' && !leg.scenario.known) switchboard.end(leg, 'NORMAL_TEMPORARY_FAILURE');
    },
  });
  const switchboard = createSwitchboard({
    delivery,
    callUri: (id) => `${url}${userPath}/calls/${id}`,
    timeScale,
    patienceMs,
  });

  function newScenario(kind: FlowKind, script: Script, dials?: string): Scenario {
    const index = scenarios.length + 1;
    const name = `#${index} ${kind}, ${script.farEnd}`;
    const scenario: Scenario = {
      index,
      name,
      kind,
      script,
      prng: prng.fork(String(index)),
      journal: createJournal(log && ((line) => log(`${name}: ${line}`))),
      legs: [],
      bridges: [],
      known: false,
      slowestAckMs: 0,
      unconfirmed: new Set(),
      strict: prng.fork(`strict ${index}`).chance(faults.strict),
      notBefore: new Map(),
      ...(dials && { dials }),
    };
    scenarios.push(scenario);
    return scenario;
  }

  const ownNumber = (prefix: string): string => `${prefix}${String(scenarios.length + 1).padStart(4, '0')}`;

  /** By tag, as agreed (the caller's call id); where the number dialled is one call's alone, by that. */
  function claim(tag: string | undefined, to: string): Scenario {
    const byTag = tag === undefined ? undefined : switchboard.legs.get(tag)?.scenario;
    const found = byTag ?? scenarios.find((scenario) => scenario.dials === to);
    if (found) return found;
    const stray = newScenario('speak', { farEnd: 'answer', farEndAfterMs: 50, endsBy: 'callee', talkMs: 1000 }, to);
    stray.journal.violation(`a dial for no call that anybody knows: to ${to}, tag ${tag ?? 'none'}`);
    return stray;
  }

  const server = createStubServer({
    commands: createCommands({ switchboard, claim, userPath }),
    faults,
    prng: prng.fork('queries'),
    userPath,
    credentials: `${user.token}:${user.secret}`,
    onStray: (text) => strays.push(text),
    onQuery(refused) {
      queries.asked += 1;
      if (refused) queries.refused += 1;
    },
  });

  return {
    user,
    get url() {
      return url;
    },
    async start() {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    async close() {
      switchboard.close();
      delivery.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
    setIncomingCallUrl(to) {
      incomingCallUrl = to;
    },
    dialFromPhone(script) {
      const to = ownNumber('+1555222');
      const scenario = newScenario('sip-to-pstn', script, to);
      switchboard.ring(scenario, { from: PHONE, to, callbackUrl: incomingCallUrl });
      return scenario;
    },
    dialFromPstn(script) {
      const scenario = newScenario('pstn-to-sip', script);
      switchboard.ring(scenario, { from: PSTN_CALLER, to: LINE, callbackUrl: incomingCallUrl });
      return scenario;
    },
    expectDial(script) {
      const scenario = newScenario('speak', script, ownNumber('+1555333'));
      scenario.known = true;
      return scenario;
    },
    isOver: (scenario) => scenario.legs.length > 0 && !scenario.legs.some(isUp),
    isQuiet: () => delivery.pending() === 0 && ![...switchboard.legs.values()].some(isUp),
    report: () => createReport({ seed, scenarios, strays, queries, delivery: delivery.stats }),
  };
}
