/** Everything that the kit can find: how bad it is, what it is, why it matters, and how it is usually put right. */
import type { ViolationCode } from './platform/violations';

/** What shows only when a call is over, or of the app as a whole. */
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

/** Notes are told and count for nothing. */
export type Severity = 'error' | 'warning' | 'note';

export interface FindingKind {
  severity: Severity;
  title: string;
  why: string;
  remedy: string;
}

/** The worst first: in this order they are told. */
export const FINDINGS: Record<FindingCode, FindingKind> = {
  'app-gone': {
    severity: 'error',
    title: 'the app stopped taking connections in the middle of the run',
    why: 'every call that is up at that moment is nobody’s, and new ones fail until somebody restarts it',
    remedy: 'look at its log for an exception; catch what a handler throws, and answer unknown events with 200',
  },
  'orphan-leg': {
    severity: 'error',
    title: 'a leg stays up after everybody else has gone',
    why: 'the platform does not end the other leg of a bridge: it stays up, silent and billed, until somebody ends it',
    remedy: 'on hangup of one leg, end the other one (state completed), and repeat that until the platform takes it',
  },
  'double-dial': {
    severity: 'error',
    title: 'one incoming call made the app dial twice',
    why: 'two phones ring, and the leg that loses is paid and often forgotten',
    remedy:
      'remember the callId of incomingcall, and never repeat a create-call whose reply was lost: look for it first (GET /calls)',
  },
  'double-bridge': {
    severity: 'error',
    title: 'two bridges were made for one pair of legs',
    why: 'the platform refuses the second one, and an app that takes this for a failure ends a good call',
    remedy: 'remember that the pair is bridged; an answer event that comes twice has no second effect',
  },
  'foreign-bridge': {
    severity: 'error',
    title: 'legs of two different calls were bridged',
    why: 'strangers hear each other',
    remedy: 'keep the ids of a pair together (tag: the callId of the caller), never in a global variable',
  },
  'early-answer': {
    severity: 'error',
    title: 'the caller was answered before the callee had answered',
    why: 'the caller pays for silence, hears no ringing, and is connected to nobody where the callee is busy',
    remedy: 'answer the caller (state active) only on the answer event of the callee',
  },
  'caller-left-waiting': {
    severity: 'error',
    title: 'the caller was left ringing or in silence after the callee had failed',
    why: 'nobody tells the caller that the other side is busy or gone; the call ends when the caller despairs',
    remedy: 'on hangup or timeout of the callee, and where create-call fails, reject the caller or hang up',
  },
  'never-dialled': {
    severity: 'error',
    title: 'nobody was dialled, though somebody should have been',
    why: 'the call cannot come to anything',
    remedy:
      'over a perfect wire: does the app know the number and the endpoint of the kit (--number, --endpoint)? Else repeat what was refused with 403 call-rate-limit, 409, 429 or 503',
  },
  'never-bridged': {
    severity: 'error',
    title: 'both sides wanted to talk and were never connected',
    why: 'a call is lost although nothing was in its way that a repeated command would not have overcome',
    remedy: 'bridge when both legs have answered; repeat commands after 429, 503 and 409',
  },
  'stuck-call': {
    severity: 'error',
    title: 'both legs are up, there is no bridge, and the app does nothing any more',
    why: 'an event or a reply was lost; two people wait in vain, and both legs are billed',
    remedy:
      'give every phase of a call a deadline; where no event comes, look (GET /calls/{id}), and end both legs at last',
  },
  'not-spoken': {
    severity: 'error',
    title: 'the callee answered and was told nothing',
    why: 'the message is lost although nothing was in its way',
    remedy: 'speak on the answer event of the callee; repeat the command after 429 and 503',
  },
  'event-unanswered': {
    severity: 'error',
    title: 'an event was not answered',
    why: 'the platform waits for callbackTimeout, tells the fallback URL if there is one, and never repeats the event',
    remedy: 'answer at once, before the work is done, and catch what handlers throw',
  },
  'event-refused': {
    severity: 'error',
    title: 'an event was answered with something other than 2xx',
    why: 'for the platform the event has failed; an incomingcall that fails ends the call',
    remedy: '401: the credentials in --url; 404: its path; 5xx: the app’s log',
  },
  'unknown-event-refused': {
    severity: 'error',
    title: 'an event of a type that the app does not know was refused',
    why: 'platforms add events; an app that fails on them fails when nobody has touched it',
    remedy: 'answer 200 to every event that is well formed, and log those that nobody handles',
  },
  'callback-unreachable': {
    severity: 'error',
    title: 'the callbackUrl that the app gave for its call cannot be connected to',
    why: 'the app never hears of the leg that it dialled',
    remedy: 'give the URL at which the platform reaches the app, not localhost of another machine or container',
  },
  'no-callback-url': {
    severity: 'error',
    title: 'a call was dialled without callbackUrl',
    why: 'no event of that leg is ever sent: the app cannot know that it was answered or that it ended',
    remedy: 'give callbackUrl in POST /calls',
  },
  'spoken-twice': {
    severity: 'warning',
    title: 'a sentence was spoken twice',
    why: 'the callee hears it again',
    remedy: 'remember that it was spoken; an answer event that comes twice has no second effect',
  },
  'unknown-dial': {
    severity: 'error',
    title: 'a call was dialled that belongs to no call of the kit',
    why: 'somebody’s phone rings for no reason',
    remedy: 'dial only because of an incoming call or of the request at --speak-url',
  },
  'foreign-number': {
    severity: 'error',
    title: 'a call was dialled from a number that is not the account’s',
    why: 'the platform refuses it: 403 number-access-denied',
    remedy: 'dial from the number of the account (--number), not from the number of the caller',
  },
  'bad-request': {
    severity: 'error',
    title: 'a command was not valid',
    why: 'the platform refuses it with 400, and it never works',
    remedy: 'send what the API asks for',
  },
  'speak-refused': {
    severity: 'error',
    title: 'the request at --speak-url failed',
    why: 'the app did not take the order to call somebody',
    remedy: 'check --speak-url, --speak-method, --speak-body and --speak-header against what the app expects',
  },
  'bridged-not-active': {
    severity: 'warning',
    title: 'a leg was bridged that had not answered',
    why: 'the side that is up hears silence until the other one answers, and is billed',
    remedy: 'wait for the answer event of both legs, that of the incoming one included',
  },
  'rate-limit-ignored': {
    severity: 'warning',
    title: 'a command was repeated before the time that 429 named',
    why: 'the platform refuses it again, and the limit is never left',
    remedy: 'wait until X-RateLimit-Reset (epoch, in seconds or milliseconds)',
  },
  'partner-left-waiting': {
    severity: 'warning',
    title: 'the other leg was ended, but late',
    why: 'somebody listens to silence, and it is billed',
    remedy: 'end it on the hangup event at once',
  },
  'commands-to-ended-calls': {
    severity: 'warning',
    title: 'commands kept coming for legs that were over',
    why: 'they cost rate limit that other calls need',
    remedy: 'take 404 and 400 call-invalid-state for an answer: the leg is over',
  },
  'command-storm': {
    severity: 'warning',
    title: 'more commands for one call than any call needs',
    why: 'retries without a pause or an end cost rate limit that other calls need',
    remedy: 'double the pause between tries, and give up some day',
  },
  'wrong-credentials': {
    severity: 'error',
    title: 'requests came with wrong credentials',
    why: 'the platform answers 401',
    remedy: 'Basic authentication, token as user name and secret as password: --api-token, --api-secret',
  },
  'no-json': {
    severity: 'error',
    title: 'requests came whose body is no JSON object',
    why: 'the platform answers 400',
    remedy: 'send JSON',
  },
  'open-webhook': {
    severity: 'warning',
    title: 'events are taken without the credentials in --url',
    why: 'whoever knows the URL can send events, and have numbers dialled and calls ended at your expense',
    remedy: 'answer 401 to what comes without the right Basic credentials',
  },
  'unknown-route': {
    severity: 'note',
    title: 'requests came that the kit does not serve',
    why: 'it answered 404: the app may behave otherwise on the platform, or the path is wrong',
    remedy: 'check the path and the user id in it (--user-id); what the kit serves is in docs/testkit.md',
  },
};

export const CODES = Object.keys(FINDINGS).filter((code): code is FindingCode => Object.hasOwn(FINDINGS, code));

/** Those of a call, as opposed to those of the app as a whole. */
export const ofCalls = (code: FindingCode): boolean =>
  !['wrong-credentials', 'no-json', 'open-webhook', 'unknown-route'].includes(code);
