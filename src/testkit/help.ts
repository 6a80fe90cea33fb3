/** What `--help` and `--list` print. */
import { FAULT_NAMES } from './fault-settings';
import { LINE, PHONE } from './platform';
import { SCENARIOS } from './scenarios';

export const HELP = `Plays the v1 voice platform against a webhook server, and tells what was wrong.

  tandem-testkit --url http://user:password@127.0.0.1:3000/webhooks/voice [options]

The app under test has to be pointed to the API that the kit serves (--listen), with its credentials, and has to know its
number and its endpoint. Its application is taken to have autoAnswer off.

The app
  --url URL                 its incomingCallUrl; Basic credentials in it are sent
  --fallback-url URL        its incomingCallFallbackUrl
  --callback-method M       POST (default) or GET: how events of incoming calls are sent
  --callback-timeout MS     instead of what the app asks for, or the platform's 10000
  --wait SECONDS            how long to wait for it to come up; default 0
  --speak-url URL           a request that makes it call somebody; {to} stands for the number. Without it the speak
                            scenarios are left out. Also --speak-method (POST), --speak-body
                            ({"to":"{to}","sentence":"…"}) and --speak-header "name: value" (repeatable)

The platform
  --listen HOST:PORT        default 127.0.0.1:0, any free port
  --public-url URL          the origin under which the app reaches it, where that is another one
  --user-id, --api-token, --api-secret      default u-testkit, t-testkit, s-testkit
  --number E164             the number that is called from the PSTN, and that the app calls from; default ${LINE}
  --endpoint SIP_URI        the phone; default ${PHONE}

The calls
  --calls N                 calls with faults, after each scenario was played once without; default 100
  --concurrency N           calls at once; default 10
  --scenario NAME           phone/busy, or all of phone, or busy wherever; repeatable, or comma-separated
  --faults SET              none, mild, all (default), or by name: duplicate=0.1,drop=0.05 or all,drop=0.
                            Names: ${FAULT_NAMES.join(', ')
                              .replace(/(.{1,84})(?:, |$)/g, '$1,\n                            ')
                              .trim()
                              .replace(/,$/, '')}
  --seed N                  repeats a run: the same calls, and the same dice for each
  --call N                  the Nth call with faults alone
  --time-scale X            1: people ring and talk as long as in life; default 0.05. It scales the app's callTimeout, too
  --settle SECONDS          how long after the last call legs may stay up, at most; default 60

The report
  --json FILE, --junit FILE
  --list                    names all scenarios
  -h, --help

Exit code: 0 nothing wrong, 1 something, 2 wrong usage or no app, 130 interrupted before anything was wrong.
`;

export const LIST = `${SCENARIOS.map(({ name, title }) => `${name.padEnd(36)}${title}`).join('\n')}\n`;
