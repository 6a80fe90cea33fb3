import { UsageError } from '../support/errors';
import type { Reason } from '../flows/flow';
import type { Line } from '../dial-plan/dial-plan';
import type { Sandbox, TandemApi } from './clients';

export interface Scenario {
  name: string;
  title: string;
  /** Starts the call. @returns the id of its session */
  start(sandbox: Sandbox, tandem: TandemApi, line: Line): Promise<string>;
  /** The expected reason of the session's end. */
  ends: Reason;
  bridged: boolean;
  /** Whether the scenario calls the endpoint. A registered real phone rings, and the user has to answer it. */
  ringsPhone?: true;
}

/** Time from the caller's answer to its hang-up, ms. */
const TALK_MS = 3_000;
const PSTN = '+15552223333';

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'sip-to-pstn',
    title: 'SIP → PSTN: the phone dials out, both talk, the phone hangs up',
    start: (sandbox, _, { endpoint }) => sandbox.dial({ from: endpoint, to: PSTN, hangUpAfterMs: TALK_MS }),
    ends: 'completed',
    bridged: true,
  },
  {
    name: 'pstn-to-sip',
    title: 'PSTN → SIP: a caller dials the number, the phone answers',
    start: (sandbox, _, { number }) => sandbox.dial({ from: '+12223334444', to: number, hangUpAfterMs: TALK_MS }),
    ends: 'completed',
    bridged: true,
    ringsPhone: true,
  },
  {
    name: 'speak',
    title: 'Speak and hang up: Tandem calls the phone',
    start: (_, tandem, { endpoint }) => tandem.speak(endpoint, 'Hello sip client'),
    ends: 'completed',
    bridged: false,
    ringsPhone: true,
  },
  {
    name: 'busy',
    title: 'The callee is busy: the caller is rejected',
    start: (sandbox, _, { endpoint }) => sandbox.dial({ from: endpoint, to: '+15550000001' }),
    ends: 'busy',
    bridged: false,
  },
  {
    name: 'no-answer',
    title: 'The callee does not answer within CALL_TIMEOUT_SECONDS',
    start: (sandbox, _, { endpoint }) => sandbox.dial({ from: endpoint, to: '+15550000002' }),
    ends: 'no-answer',
    bridged: false,
  },
  {
    name: 'caller-gives-up',
    title: 'The caller gives up while the callee rings',
    start: (sandbox, _, { endpoint }) => sandbox.dial({ from: endpoint, to: '+15550000006', giveUpAfterMs: 1_500 }),
    ends: 'caller-gave-up',
    bridged: false,
  },
];

/**
 * Returns the scenarios of these names, or all if `names` is empty.
 * @throws UsageError if a name is unknown
 */
export function scenariosOf(names: readonly string[]): readonly Scenario[] {
  if (names.length === 0) return SCENARIOS;
  return names.map((name) => {
    const scenario = SCENARIOS.find((candidate) => candidate.name === name);
    if (scenario) return scenario;
    throw new UsageError(`unknown demo "${name}"; use ${SCENARIOS.map((known) => known.name).join(', ')}`);
  });
}
