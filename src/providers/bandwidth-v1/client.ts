/** The v1 commands that flows use, one method each. */
import { z } from 'zod';
import { CALL_STATES, type CreateCallBody, type RejectCause, type SpeakBody } from '../../v1-wire/commands';
import { idFromLocation } from '../../support/ids';
import { NotWantedError, RefusedError, ReplyLostError } from '../errors';
import type { BeforeSend } from '../provider';
import type { ApiHttp } from './http';
import { isOver, type SeenCall } from './seen-call';
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

/** A call as far as flows look at it. Everything else of it is let through unread. */
const callView = z.object({
  id: z.string(),
  state: z.enum(CALL_STATES),
  tag: z.string().nullish(),
  bridgeId: z.string().nullish(),
});

/** The same in a list, with what tells whose it is. */
const listedCall = callView.extend({
  direction: z.enum(['in', 'out']).nullish(),
  from: z.string().nullish(),
  to: z.string().nullish(),
  callbackUrl: z.string().nullish(),
  startTime: z.string().optional(),
});

type ListedCall = z.infer<typeof listedCall>;

/** A call that is ringing or up. */
export interface ListedLiveCall {
  id: string;
  state: 'started' | 'active';
  direction: 'in' | 'out';
  from: string;
  to: string;
  tag?: string | undefined;
  bridgeId?: string | undefined;
  callbackUrl?: string | undefined;
  /** A call that has this one's id as its tag is in the list; it may be over. */
  dialledFor?: true | undefined;
}

/** The most that one page may have. */
const PAGE_SIZE = 1_000;
/** What was dialled just now is among the newest calls: on a busy line the whole page would cost more than the call. */
const FIRST_LOOK_SIZE = 50;
/** How far the platform's clock may be from ours, ms. */
const CLOCK_SLACK_MS = 120_000;
/** More calls than this are not looked through: the newest come first. */
const MAX_LISTED = 20_000;

type EndState = 'completed' | 'rejected';

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

/** A call that may have been dialled. */
export interface FindRequest {
  from: string;
  to: string;
  tag: string;
  /** It cannot have begun before, epoch ms. */
  since: number;
}

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
  /** The platform refused a reject with a cause and took the same one without. */
  let refusesCauses = false;
  const retry = <T>(attempt: () => Promise<T>, policy: RetryPolicy, signal: AbortSignal) =>
    withRetries(attempt, policy, signal, wait);

  async function look(callId: string): Promise<SeenCall> {
    try {
      return toSeen(readAs(callView, (await http.send('GET', callPath(callId))).body, 'call'));
    } catch (error) {
      if (error instanceof RefusedError && error.status === 404) return { callId, state: 'gone' };
      throw error;
    }
  }

  /** Asks for a call's end; undefined where it is over. A refusal is no failure then: that is what was wanted. */
  async function end(
    callId: string,
    state: EndState,
    cause?: RejectCause,
  ): Promise<{ refused: RefusedError; seen: SeenCall } | undefined> {
    try {
      await setState(callId, state, cause);
      return undefined;
    } catch (error) {
      if (!(error instanceof RefusedError) || error.status === 429 || error.status === 503) throw error;
      if (error.status === 404) return undefined;
      const seen = await look(callId);
      return isOver(seen) ? undefined : { refused: error, seen };
    }
  }

  async function reject(callId: string, wanted: RejectCause | undefined): Promise<void> {
    const cause = refusesCauses ? undefined : wanted;
    const still = await end(callId, 'rejected', cause);
    if (!still) return;
    // A platform that checks its bodies strictly may refuse the extension; the call still rings then.
    if (cause === undefined || still.refused.status !== 400 || still.seen.state !== 'started') throw still.refused;
    const stillThere = await end(callId, 'rejected');
    if (stillThere) throw stillThere.refused;
    refusesCauses = true;
  }

  /** A call that was not answered may have to be rejected: some platforms refuse to complete it. */
  function hangingUp(callId: string): () => Promise<void> {
    let state: EndState = 'completed';
    return async () => {
      const still = await end(callId, state);
      if (!still) return;
      state = still.seen.state === 'started' && state === 'completed' ? 'rejected' : 'completed';
      throw still.refused;
    };
  }

  /** A page of the calls, newest first. Platforms may give smaller pages than asked for: their Link says if there are more. */
  async function list(filter: Record<string, string>): Promise<{ page: ListedCall[]; size: number; isLast: boolean }> {
    const query = new URLSearchParams({ ...filter, sortOrder: 'desc' });
    const { body, hasNext } = await http.send('GET', http.userPath(`/calls?${query.toString()}`));
    const entries = readAs(z.array(z.unknown()), body, 'list');
    const page = entries.flatMap((call) => listedCall.safeParse(call).data ?? []);
    const size = entries.length;
    return { page, size, isLast: size === 0 || (!hasNext && size < Number(filter['size'])) };
  }

  async function find({ from, to, tag, since }: FindRequest): Promise<SeenCall[]> {
    for (const size of [FIRST_LOOK_SIZE, PAGE_SIZE]) {
      const { page, isLast } = await list({ from, to, size: `${size}` });
      const found = page.filter((call) => call.tag === tag);
      const isThatFarBack = isLast || beginningOf(page.at(-1)) < since - CLOCK_SLACK_MS;
      if (found.length > 0 || isThatFarBack) return found.map(toSeen);
    }
    return [];
  }

  async function live(ageMs: number, signal: AbortSignal): Promise<ListedLiveCall[]> {
    const found: ListedLiveCall[] = [];
    const tags = new Set<string | null | undefined>();
    for (let index = 0, listed = 0; listed < MAX_LISTED; index += 1) {
      const asked = { page: `${index}`, size: `${PAGE_SIZE}` };
      const { page, size, isLast } = await retry(() => list(asked), A_FEW_TIMES, signal);
      found.push(...page.flatMap(toLive));
      for (const { tag } of page) tags.add(tag);
      listed += size;
      if (isLast || beginningOf(page.at(-1)) < Date.now() - ageMs - CLOCK_SLACK_MS) break;
    }
    return found.map((call) => (tags.has(call.id) ? { ...call, dialledFor: true } : call));
  }

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
          const existing = mayExist ? (await find({ from, to, tag, since }))[0] : undefined;
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

    findCalls: (request, signal) => retry(() => find(request), A_FEW_TIMES, signal),
    lookAtCall: (callId, signal) => retry(() => look(callId), A_FEW_TIMES, signal),
    liveCalls: live,

    async answerCall(callId, signal, beforeSend = ALWAYS) {
      await retry(() => beforeSend().then(() => setState(callId, 'active')), AGAIN, signal);
    },

    rejectCall: (callId, signal, cause) => retry(() => reject(callId, cause), A_FEW_TIMES, signal),
    hangUp: (callId, signal) => retry(hangingUp(callId), UNTIL_DONE, signal),

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

/** Epoch ms; Infinity where it is not told. */
function beginningOf(call: ListedCall | undefined): number {
  return Date.parse(call?.startTime ?? '') || Infinity;
}

/** None where it is over, or says too little of itself. */
function toLive({ id, state, direction, ...call }: ListedCall): ListedLiveCall[] {
  if (!direction || (state !== 'started' && state !== 'active')) return [];
  return [
    {
      id,
      state,
      direction,
      from: call.from ?? '',
      to: call.to ?? '',
      tag: call.tag ?? undefined,
      bridgeId: call.bridgeId ?? undefined,
      callbackUrl: call.callbackUrl ?? undefined,
    },
  ];
}

function toSeen({ id, state, bridgeId }: z.infer<typeof callView>): SeenCall {
  return { callId: id, state, bridgeId: bridgeId ?? undefined };
}

/** A 2xx that shows no such thing is a page of a proxy, or was cut: as good as lost. */
function readAs<T>(schema: z.ZodType<T>, body: unknown, what: string): T {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new ReplyLostError(`the reply is no ${what}`, { cause: parsed.error });
  return parsed.data;
}

function missing(what: string): never {
  throw new ReplyLostError(`the reply lacks ${what}`);
}
