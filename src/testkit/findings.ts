/** Everything that the kit can find: severity, title, reason why it matters, and the usual remedy. */
import type { ViolationCode } from './platform/violations';

/** Findings about a call that is over, or about the whole app. */
type JudgedCode =
  | 'app-gone'
  | 'orphan-leg'
  | 'caller-left-waiting'
  | 'partner-left-waiting'
  | 'never-dialled'
  | 'never-bridged'
  | 'stuck-call'
  | 'not-spoken'
  | 'callback-unreachable'
  | 'commands-to-ended-calls'
  | 'command-storm'
  | 'wrong-credentials'
  | 'no-json'
  | 'open-webhook'
  | 'unknown-route';

export type FindingCode = ViolationCode | JudgedCode;

/** Notes are reported but do not change the exit code. */
export type Severity = 'error' | 'warning' | 'note';

export interface FindingKind {
  severity: Severity;
  title: string;
  why: string;
  remedy: string;
}

/** In the order of the report: the worst first. */
export const FINDINGS: Record<FindingCode, FindingKind> = {
  'app-gone': {
    severity: 'error',
    title: 'the app stopped accepting connections during the run',
    why: 'active calls are lost, and new ones fail until the app is restarted',
    remedy: 'look for an exception in its log; catch errors of handlers, and answer unknown events with 200',
  },
  'orphan-leg': {
    severity: 'error',
    title: 'a leg stays up after its call has ended',
    why: 'the platform does not end the other leg of a bridge: it stays up, silent and billed, until the app ends it',
    remedy:
      'on hangup of one leg, end the other one (state completed), and repeat the command until the platform accepts it',
  },
  'double-dial': {
    severity: 'error',
    title: 'the app dialled twice for one incoming call',
    why: 'two phones ring, and the extra leg is billed and often never ended',
    remedy:
      'store the callId of incomingcall, and do not repeat a create-call whose reply was lost: look for the call first (GET /calls)',
  },
  'double-bridge': {
    severity: 'error',
    title: 'the app created two bridges for one pair of legs',
    why: 'the platform refuses the second bridge, and an app that takes this for a failure ends a good call',
    remedy: 'store that the pair is bridged; ignore a repeated answer event',
  },
  'foreign-bridge': {
    severity: 'error',
    title: 'the app bridged legs of two different calls',
    why: 'people of different calls hear each other',
    remedy: 'store the ids of a pair together (tag: the callId of the caller), never in a global variable',
  },
  'early-answer': {
    severity: 'error',
    title: 'the app answered the caller before the callee had answered',
    why: 'the caller pays for silence and hears no ringing, even if the callee is busy',
    remedy: 'answer the caller (state active) only on the answer event of the callee',
  },
  'caller-left-waiting': {
    severity: 'error',
    title: 'the app left the caller ringing or in silence after the callee had failed',
    why: 'the caller does not learn that the callee is busy or gone, and waits until it gives up',
    remedy: 'on hangup or timeout of the callee, and if create-call fails, reject the caller or hang up',
  },
  'never-dialled': {
    severity: 'error',
    title: 'the app did not dial the callee',
    why: 'the call cannot be connected',
    remedy:
      'without faults: check that the app knows the number and the endpoint of the kit (--number, --endpoint); with faults: repeat commands after 403 call-rate-limit, 409, 429 and 503',
  },
  'never-bridged': {
    severity: 'error',
    title: 'both sides wanted to talk, but the app never connected them',
    why: 'the call is lost, although repeated commands would have connected it',
    remedy: 'bridge when both legs have answered; repeat commands after 429, 503 and 409',
  },
  'stuck-call': {
    severity: 'error',
    title: 'both legs are up without a bridge, and the app has stopped sending commands',
    why: 'after a lost event or reply two people wait in vain, and both legs are billed',
    remedy:
      'give every phase of a call a deadline; if no event comes, read the call (GET /calls/{id}), and end both legs if all else fails',
  },
  'not-spoken': {
    severity: 'error',
    title: 'the callee answered, but the app did not speak the sentence',
    why: 'the message is lost, although repeated commands would have delivered it',
    remedy: 'speak on the answer event of the callee; repeat the command after 429 and 503',
  },
  'event-unanswered': {
    severity: 'error',
    title: 'the app did not answer an event',
    why: 'the platform waits for callbackTimeout, sends the event to the fallback URL if there is one, and never repeats it',
    remedy: 'answer at once, before the work is done, and catch errors of handlers',
  },
  'event-refused': {
    severity: 'error',
    title: 'the app answered an event with a status other than 2xx',
    why: 'the platform counts the event as failed, and ends the call of a failed incomingcall',
    remedy: '401: the credentials in --url; 404: its path; 5xx: the app’s log',
  },
  'unknown-event-refused': {
    severity: 'error',
    title: 'the app refused an event of an unknown type',
    why: 'platforms add event types; an app that refuses them can fail without any change of its own',
    remedy: 'answer every well-formed event with 200, and log unhandled ones',
  },
  'callback-unreachable': {
    severity: 'error',
    title: 'the platform cannot connect to the callbackUrl of a dialled call',
    why: 'the app receives no events of the leg that it dialled',
    remedy: 'use the URL at which the platform reaches the app, not localhost of another machine or container',
  },
  'no-callback-url': {
    severity: 'error',
    title: 'the app dialled a call without callbackUrl',
    why: 'the platform sends no events of that leg, so the app cannot know that it was answered or that it ended',
    remedy: 'set callbackUrl in POST /calls',
  },
  'spoken-twice': {
    severity: 'warning',
    title: 'the app spoke a sentence twice',
    why: 'the callee hears it again',
    remedy: 'store that it was spoken; ignore a repeated answer event',
  },
  'unknown-dial': {
    severity: 'error',
    title: 'the app dialled a call that belongs to no call of the kit',
    why: 'a phone rings for no reason',
    remedy: 'dial only for an incoming call or for the request at --speak-url',
  },
  'foreign-number': {
    severity: 'error',
    title: 'the app dialled from a number that is not a number of the account',
    why: 'the platform refuses it: 403 number-access-denied',
    remedy: 'dial from the number of the account (--number), not from the number of the caller',
  },
  'bad-request': {
    severity: 'error',
    title: 'the app sent an invalid command',
    why: 'the platform always refuses it with 400',
    remedy: 'send the fields that the API requires',
  },
  'speak-refused': {
    severity: 'error',
    title: 'the request at --speak-url failed',
    why: 'the app did not accept the request to make a call',
    remedy: 'compare --speak-url, --speak-method, --speak-body and --speak-header with the API of the app',
  },
  'bridged-not-active': {
    severity: 'warning',
    title: 'the app bridged a leg that had not answered',
    why: 'the answered leg hears silence until the other one answers, and is billed',
    remedy: 'wait for the answer events of both legs, including the incoming leg',
  },
  'rate-limit-ignored': {
    severity: 'warning',
    title: 'the app repeated a command before the time in the 429 reply',
    why: 'the platform refuses it again, and the app stays at its limit',
    remedy: 'wait until X-RateLimit-Reset (epoch, in seconds or milliseconds)',
  },
  'partner-left-waiting': {
    severity: 'warning',
    title: 'the app ended the other leg late',
    why: 'the other party hears silence, and the leg is billed',
    remedy: 'end it at once on the hangup event',
  },
  'commands-to-ended-calls': {
    severity: 'warning',
    title: 'the app kept sending commands for ended legs',
    why: 'they use up the rate limit that other calls need',
    remedy: 'treat 404 and 400 call-invalid-state as the end of the leg',
  },
  'command-storm': {
    severity: 'warning',
    title: 'the app sent more commands for one call than any call needs',
    why: 'endless retries without a pause use up the rate limit that other calls need',
    remedy: 'double the pause between retries, and limit their number',
  },
  'wrong-credentials': {
    severity: 'error',
    title: 'the app sent requests with wrong credentials',
    why: 'the platform answers 401',
    remedy: 'Basic authentication, token as user name and secret as password: --api-token, --api-secret',
  },
  'no-json': {
    severity: 'error',
    title: 'the app sent requests whose body is not a JSON object',
    why: 'the platform answers 400',
    remedy: 'send JSON',
  },
  'open-webhook': {
    severity: 'warning',
    title: 'the app accepts events without the credentials in --url',
    why: 'anyone who knows the URL can send events, dial numbers at your expense and end calls',
    remedy: 'answer requests without the correct Basic credentials with 401',
  },
  'unknown-route': {
    severity: 'note',
    title: 'the app sent requests that the kit does not serve',
    why: 'the kit answered 404: the path may be wrong, or the app may behave differently on the platform',
    remedy: 'check the path and its user id (--user-id); docs/testkit.md lists what the kit serves',
  },
};

export const CODES = Object.keys(FINDINGS).filter((code): code is FindingCode => Object.hasOwn(FINDINGS, code));

/** Whether a finding is about a single call, not about the whole app. */
export const ofCalls = (code: FindingCode): boolean =>
  !['wrong-credentials', 'no-json', 'open-webhook', 'unknown-route'].includes(code);
