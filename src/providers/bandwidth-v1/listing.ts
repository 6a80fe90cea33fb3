/** Looks at calls of the v1 API: one by its id, those of a tag, all that are up. */
import { z } from 'zod';
import { CALL_STATES } from '../../v1-wire/commands';
import { RefusedError, ReplyLostError } from '../errors';
import type { ApiHttp } from './http';
import type { SeenCall } from './seen-call';

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

/** A call that may have been dialled. */
export interface FindRequest {
  from: string;
  to: string;
  tag: string;
  /** It cannot have begun before, epoch ms. */
  since: number;
}

/** Repeats one request as often as questions may be. */
type Retry = <T>(attempt: () => Promise<T>) => Promise<T>;

export interface Listing {
  /** `gone` where the platform does not know the call. */
  look(callId: string): Promise<SeenCall>;
  /** The calls of a tag, ended ones too. */
  find(request: FindRequest): Promise<SeenCall[]>;
  /** The calls that ring or are up, among those that began within the last `ageMs`; newest first. */
  live(ageMs: number, retry: Retry): Promise<ListedLiveCall[]>;
}

export function createListing(http: ApiHttp): Listing {
  const callPath = (callId: string) => http.userPath(`/calls/${encodeURIComponent(callId)}`);

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

  async function live(ageMs: number, retry: Retry): Promise<ListedLiveCall[]> {
    const found: ListedLiveCall[] = [];
    const tags = new Set<string | null | undefined>();
    for (let index = 0, listed = 0; listed < MAX_LISTED; index += 1) {
      const asked = { page: `${index}`, size: `${PAGE_SIZE}` };
      const { page, size, isLast } = await retry(() => list(asked));
      found.push(...page.flatMap(toLive));
      for (const { tag } of page) tags.add(tag);
      listed += size;
      if (isLast || beginningOf(page.at(-1)) < Date.now() - ageMs - CLOCK_SLACK_MS) break;
    }
    return found.map((call) => (tags.has(call.id) ? { ...call, dialledFor: true } : call));
  }

  async function look(callId: string): Promise<SeenCall> {
    try {
      return toSeen(readAs(callView, (await http.send('GET', callPath(callId))).body, 'call'));
    } catch (error) {
      if (error instanceof RefusedError && error.status === 404) return { callId, state: 'gone' };
      throw error;
    }
  }

  return { look, find, live };
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
