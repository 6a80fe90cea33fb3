import { UsageError } from '../support/errors';
import type { Reason } from '../flows/flow';
import type { Line } from '../dial-plan/dial-plan';
import type { Sandbox, TandemApi } from './clients';

export interface Scenario {
  name: string;
  title: string;
  /** Makes the call happen; the id of its flow. */
  start(sandbox: Sandbox, tandem: TandemApi, line: Line): Promise<string>;
  /** How Tandem's flow must end. */
  ends: Reason;
  bridged: boolean;
  /** The endpoint is called: where real phones are registered, they ring, and somebody has to pick up. */
  ringsPhone?: true;
}

/** The caller hangs up this long after it was answered, ms. */
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
    title: 'PSTN → SIP: somebody calls the number, the phone answers',
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
 * The scenarios of these names; all where none is named.
 * @throws UsageError where a name is unknown
 */
export function scenariosOf(names: readonly string[]): readonly Scenario[] {
  if (names.length === 0) return SCENARIOS;
  return names.map((name) => {
    const scenario = SCENARIOS.find((candidate) => candidate.name === name);
    if (scenario) return scenario;
    throw new UsageError(`there is no demo "${name}"; there are ${SCENARIOS.map((known) => known.name).join(', ')}`);
  });
}
