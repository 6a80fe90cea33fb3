/** Output of `--help` and `--list`. */
import { FAULT_NAMES } from './fault-settings';
import { LINE, PHONE } from './platform';
import { SCENARIOS } from './scenarios';

export const HELP = `Plays the v1 voice platform against a webhook server, and reports its faults.

  tandem-testkit --url http://user:password@127.0.0.1:3000/webhooks/voice [options]

Configure the app under test with the API of the kit (--listen), its credentials, its number and its endpoint. The kit
assumes an application with autoAnswer off.

The app
  --url URL                 its incomingCallUrl; the kit sends Basic credentials of the URL
  --fallback-url URL        its incomingCallFallbackUrl
  --callback-method M       POST (default) or GET, for events of incoming calls
  --callback-timeout MS     overrides the timeout of the app and the default of 10000
  --wait SECONDS            how long to wait until the app accepts connections; default 0
  --speak-url URL           a request that makes the app call {to}, a number. Without it the kit leaves out the speak
                            scenarios. See also --speak-method (POST), --speak-body
                            ({"to":"{to}","sentence":"…"}) and --speak-header "name: value" (repeatable)

The platform
  --listen HOST:PORT        default 127.0.0.1:0, any free port
  --public-url URL          the origin at which the app reaches the kit, if it differs
  --user-id, --api-token, --api-secret      default u-testkit, t-testkit, s-testkit
  --number E164             the number of the app, called from the PSTN and used as from; default ${LINE}
  --endpoint SIP_URI        the phone; default ${PHONE}

The calls
  --calls N                 calls with faults, after one call of each scenario without; default 100
  --concurrency N           concurrent calls; default 10
  --scenario NAME           phone/busy, phone (all of it) or busy (of every kind); repeatable, or comma-separated
  --faults SET              none, mild, all (default), or by name: duplicate=0.1,drop=0.05 or all,drop=0.
                            Names: ${FAULT_NAMES.join(', ')
                              .replace(/(.{1,84})(?:, |$)/g, '$1,\n                            ')
                              .trim()
                              .replace(/,$/, '')}
  --seed N                  repeats a run: the same calls with the same random choices
  --call N                  only the Nth call with faults
  --time-scale X            1: ringing and talking in real time; default 0.05. Also scales the app's callTimeout
  --settle SECONDS          how long legs may stay up after the last call; default 60

The report
  --json FILE, --junit FILE
  --list                    lists all scenarios
  -h, --help

Exit code: 0 no faults, 1 faults found, 2 invalid usage or app unreachable, 130 interrupted before a fault was found.
`;

export const LIST = `${SCENARIOS.map(({ name, title }) => `${name.padEnd(36)}${title}`).join('\n')}\n`;
