/** Makes calls on a running Tandem with its platform, and draws them. */
import { setTimeout as delay } from 'node:timers/promises';
import type { CallView } from '../api/schemas';
import type { Line } from '../dial-plan/dial-plan';
import {
  createSandbox,
  createTandemApi,
  DemoError,
  type FarEndView,
  type RegistrationView,
  type Sandbox,
  type TandemApi,
} from './clients';
import { arrowsOf, drawLadder } from '../ladder/ladder';
import type { Scenario } from './scenarios';

export interface DemoTarget {
  url: string;
  apiToken?: string | undefined;
  platform: { url: string; token: string; secret: string };
  line: Line;
}

/** Time limit of a scenario: the largest CALL_TIMEOUT_SECONDS and a minute, ms. */
const PATIENCE_MS = 360_000;
const LOOK_EVERY_MS = 100;

/**
 * Runs scenarios one after the other.
 * @returns whether every flow ended as expected
 * @throws DemoError if a server cannot be reached
 */
export async function runDemo(
  target: DemoTarget,
  chosen: readonly Scenario[],
  print: (line: string) => void,
): Promise<boolean> {
  const sandbox = createSandbox(target.platform);
  const tandem = createTandemApi(target.url, target.apiToken);
  let failed = 0;
  for (const scenario of chosen) {
    print(`\n${scenario.name}: ${scenario.title}`);
    const phones = scenario.ringsPhone ? await sandbox.registrationsOf(target.line.endpoint) : [];
    if (phones.length > 0) print(`  please answer: ${phones.map(nameOf).join(', ')} is ringing`);
    const id = await scenario.start(sandbox, tandem, target.line);
    const { call, legs } = await untilEnded(id, sandbox, tandem);
    for (const line of drawLadder(arrowsOf(call, legs))) print(line);
    const faults = faultsOf(scenario, call, legs, phones.length > 0);
    if (faults.length > 0) failed += 1;
    print(faults.length === 0 ? `  ✔ ended as expected: ${call.reason ?? ''}` : `  ✘ ${faults.join('; ')}`);
  }
  print(`\n${chosen.length - failed} of ${chosen.length} flows ended as expected`);
  return failed === 0;
}

async function untilEnded(
  id: string,
  sandbox: Sandbox,
  tandem: TandemApi,
): Promise<{ call: CallView; legs: FarEndView[] }> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const call = await tandem.call(id);
    const legs = await sandbox.legsOf(id);
    if (call?.phase === 'ended' && legs.every(({ state }) => state === 'ended')) return { call, legs };
    if (performance.now() > deadline) {
      throw new DemoError(
        `the call ${id} has not ended: ${call === undefined ? 'Tandem does not know it' : call.phase}`,
      );
    }
    await delay(LOOK_EVERY_MS);
  }
}

const nameOf = ({ userAgent, address }: RegistrationView): string => `${userAgent ?? 'a phone'} at ${address}`;

/** @param realPhone whether a real phone was called; the sandbox does not show its leg */
function faultsOf(
  { ends, bridged }: Scenario,
  call: CallView,
  legs: readonly FarEndView[],
  realPhone: boolean,
): string[] {
  const faults: string[] = [];
  if (call.reason !== ends) faults.push(`the flow must end with ${ends} (got ${call.reason ?? 'no reason'})`);
  if (bridged !== (call.bridgeId !== undefined))
    faults.push(bridged ? 'the legs were not bridged' : 'the legs were bridged');
  const expected = (call.kind === 'bridge-legs' ? 2 : 1) - (realPhone ? 1 : 0);
  if (legs.length !== expected) faults.push(`expected ${expected} simulated legs (got ${legs.length})`);
  return faults;
}
