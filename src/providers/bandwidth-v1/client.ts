/** The v1 commands that flows use, one method each. */
import type { CreateCallBody, RejectCause, SpeakBody } from '../../v1-wire/commands';
import { idFromLocation } from '../../support/ids';
import { NotWantedError, RefusedError, ReplyLostError } from '../errors';
import type { BeforeSend } from '../provider';
import type { ApiHttp } from './http';
import { createEnding } from './ending';
import { createListing, type FindRequest, type ListedLiveCall } from './listing';
import type { SeenCall } from './seen-call';
import { createPacer, type Pacer } from './pacing';
import { isCallRateLimit, withRetries, type Pause, type RetryPolicy } from './retry';

/** Steps of a call that must not be taken twice. What passes is waited for as long as the flow wants the command. */
const ONCE: RetryPolicy = { unreachable: 7, lost: 1, passing: Infinity, refused: 1, longestPauseMs: 2_000 };
/** A step that may be taken again: the second time has no effect that the first has not. */
const AGAIN: RetryPolicy = { ...ONCE, lost: 5 };
/** Questions, and a reject that is followed by a hang-up if it fails. */
const A_FEW_TIMES: RetryPolicy = { unreachable: 5, lost: 5, passing: 5, refused: 1, longestPauseMs: 2_000 };
/** A leg that stays up is billed: hanging up is tried for some ten minutes, unless the platform keeps refusing it. */
const UNTIL_DONE: RetryPolicy = { unreachable: 35, lost: 35, passing: 35, refused: 8, longestPauseMs: 20_000 };

export interface DialRequest {
  from: string;
  to: string;
  /** seconds */
  callTimeout: number;
  tag: string;
  /** The callee is not to see `from`. */
  privacy?: 'id';
}

const ALWAYS: BeforeSend = () => Promise.resolve();

export interface V1Client {
  /** Dials; the id of the new call. ReplyLostError: it may ring, look for it by its tag. Never repeated blindly. */
  createCall(request: DialRequest, signal: AbortSignal, beforeSend?: BeforeSend): Promise<string>;
  /** The calls of this tag, ended ones too. */
  findCalls(request: FindRequest, signal: AbortSignal): Promise<SeenCall[]>;
  /** What the platform says of a call; `gone` where it knows none of this id. */
  lookAtCall(callId: string, signal: AbortSignal): Promise<SeenCall>;
  /** The calls that are ringing or up, among those that began within the last `ageMs`; newest first. */
  liveCalls(ageMs: number, signal: AbortSignal): Promise<ListedLiveCall[]>;
  answerCall(callId: string, signal: AbortSignal, beforeSend?: BeforeSend): Promise<void>;
  /**
   * Rejects an incoming call that was not answered; one that is over already counts as done.
   * @param cause what the caller hears, on platforms that know this extension of v1
   */
  rejectCall(callId: string, signal: AbortSignal, cause?: RejectCause): Promise<void>;
  /** Ends a call; one that is over already counts as done. */
  hangUp(callId: string, signal: AbortSignal): Promise<void>;
  /** The id of the bridge. ReplyLostError: the calls may be bridged, look at them. */
  createBridge(
    callIds: readonly [string, string],
    signal: AbortSignal,
    beforeSend?: BeforeSend,
  ): Promise<string | undefined>;
  speak(callId: string, speech: SpeakBody, signal: AbortSignal, beforeSend?: BeforeSend): Promise<void>;
  close(): void;
}

export interface V1ClientOptions {
  http: ApiHttp;
  /** Where the events of dialled calls go. */
  callbackUrl: () => string;
  /** How they are sent; default: POST. */
  callbackHttpMethod?: 'GET' | 'POST';
  wait?: Pause;
  pacer?: Pacer;
}

export function createV1Client({
  http,
  callbackUrl,
  callbackHttpMethod = 'POST',
  wait,
  pacer = createPacer(wait),
}: V1ClientOptions): V1Client {
  const callPath = (callId: string) => http.userPath(`/calls/${encodeURIComponent(callId)}`);
  const setState = (callId: string, state: string, cause?: RejectCause) =>
    http.send('POST', callPath(callId), cause === undefined ? { state } : { state, cause });
  const calls = createListing(http);
  const ending = createEnding({ setState, look: (callId) => calls.look(callId) });
  const retry = <T>(attempt: () => Promise<T>, policy: RetryPolicy, signal: AbortSignal) =>
    withRetries(attempt, policy, signal, wait);

  return {
    async createCall({ from, to, callTimeout, tag, privacy }, signal, beforeSend = ALWAYS) {
      const since = Date.now();
      const callback = { callbackUrl: callbackUrl(), ...(callbackHttpMethod === 'GET' && { callbackHttpMethod }) };
      const body: CreateCallBody = { from, to, callTimeout, tag, ...(privacy && { privacy }), ...callback };
      let mayExist = false;
      const dialling = retry(
        async () => {
          await pacer.turn(from, signal);
          // A 503 comes from the platform or from something before it: make sure that nothing rings.
          const existing = mayExist ? (await calls.find({ from, to, tag, since }))[0] : undefined;
          if (existing) return existing.callId;
          await beforeSend();
          try {
            const { location } = await http.send('POST', http.userPath('/calls'), body);
            pacer.passed(from);
            return idFromLocation(location) ?? missing('the Location of the new call');
          } catch (error) {
            if (error instanceof RefusedError && isCallRateLimit(error)) pacer.tooFast(from);
            mayExist ||= error instanceof RefusedError && error.status === 503;
            throw error;
          }
        },
        ONCE,
        signal,
      );
      return dialling.catch((error: unknown) => {
        if (mayExist && error instanceof NotWantedError)
          throw new ReplyLostError('given up after a 503', { cause: error });
        throw error;
      });
    },

    findCalls: (request, signal) => retry(() => calls.find(request), A_FEW_TIMES, signal),
    lookAtCall: (callId, signal) => retry(() => calls.look(callId), A_FEW_TIMES, signal),
    liveCalls: (ageMs, signal) => calls.live(ageMs, (attempt) => retry(attempt, A_FEW_TIMES, signal)),

    async answerCall(callId, signal, beforeSend = ALWAYS) {
      await retry(() => beforeSend().then(() => setState(callId, 'active')), AGAIN, signal);
    },

    rejectCall: (callId, signal, cause) => retry(() => ending.reject(callId, cause), A_FEW_TIMES, signal),
    hangUp: (callId, signal) => retry(ending.hangingUp(callId), UNTIL_DONE, signal),

    async createBridge(callIds, signal, beforeSend = ALWAYS) {
      const bridge = () => http.send('POST', http.userPath('/bridges'), { callIds });
      const { location } = await retry(() => beforeSend().then(bridge), ONCE, signal);
      return idFromLocation(location);
    },

    async speak(callId, speech, signal, beforeSend = ALWAYS) {
      const speak = () => http.send('POST', `${callPath(callId)}/audio`, speech);
      await retry(() => beforeSend().then(speak), ONCE, signal);
    },

    close: () => http.close(),
  };
}

function missing(what: string): never {
  throw new ReplyLostError(`the reply lacks ${what}`);
}
