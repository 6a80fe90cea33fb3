/** Makes calls happen on a running Tandem with its platform, and draws what happened. */
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

/** Longer than any scenario lasts: CALL_TIMEOUT_SECONDS at its most, and a minute, ms. */
const PATIENCE_MS = 360_000;
const LOOK_EVERY_MS = 100;

/**
 * Runs scenarios one after the other.
 * @returns whether every flow ended as it should
 * @throws DemoError where a server cannot be reached
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
    if (phones.length > 0) print(`  pick up: ${phones.map(nameOf).join(', ')} rings`);
    const id = await scenario.start(sandbox, tandem, target.line);
    const { call, legs } = await untilEnded(id, sandbox, tandem);
    for (const line of drawLadder(arrowsOf(call, legs))) print(line);
    const faults = faultsOf(scenario, call, legs, phones.length > 0);
    if (faults.length > 0) failed += 1;
    print(faults.length === 0 ? `  ✔ ended as it should: ${call.reason ?? ''}` : `  ✘ ${faults.join('; ')}`);
  }
  print(`\n${chosen.length - failed} of ${chosen.length} flows ended as they should`);
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
        `the call ${id} has not ended: ${call === undefined ? 'Tandem has not heard of it' : call.phase}`,
      );
    }
    await delay(LOOK_EVERY_MS);
  }
}

const nameOf = ({ userAgent, address }: RegistrationView): string => `${userAgent ?? 'a phone'} at ${address}`;

/** @param realPhone a real phone was called: the sandbox does not show its leg */
function faultsOf(
  { ends, bridged }: Scenario,
  call: CallView,
  legs: readonly FarEndView[],
  realPhone: boolean,
): string[] {
  const faults: string[] = [];
  if (call.reason !== ends) faults.push(`the flow ended with ${call.reason ?? 'no reason'} instead of ${ends}`);
  if (bridged !== (call.bridgeId !== undefined))
    faults.push(bridged ? 'the legs were not bridged' : 'the legs were bridged');
  const expected = (call.kind === 'bridge-legs' ? 2 : 1) - (realPhone ? 1 : 0);
  if (legs.length !== expected) faults.push(`there were ${legs.length} simulated legs instead of ${expected}`);
  return faults;
}
