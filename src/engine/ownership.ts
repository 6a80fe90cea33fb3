/** Which calls of the provider are Tandem's, and which of them a session owns. */
import { normaliseSipUri } from '../addresses/sip-uri';
import type { LiveCall } from '../calls/outcomes';
import type { Line } from '../dial-plan/dial-plan';
import { legsOf, type Flow } from '../flows/flow';
import type { FlowStore } from '../store/store';

export interface OwnershipDeps {
  store: Pick<FlowStore, 'get' | 'idOfCall' | 'now'>;
  /** They may change. */
  lines: () => readonly Line[];
  /** Where the events of dialled calls go. Calls that report elsewhere belong to another application. */
  callbackUrl: () => string;
}

/** A session that ended so long ago is not hanging up its legs any more. ms */
const ENDED_LONG_AGO_MS = 30_000;

/** Tells calls of Tandem's own from those of other applications, and calls of sessions from orphans. */
export class Ownership {
  constructor(private readonly deps: OwnershipDeps) {}

  /** Whether Tandem dialled the call, or it came in over one of the lines. */
  isOurs({ direction, from, to, correlation, callbackUrl }: LiveCall): boolean {
    if (callbackUrl !== undefined && !isSamePlace(callbackUrl, this.deps.callbackUrl())) return false;
    // Only what Tandem dials has a correlation; without the URL that alone proves nothing.
    if (direction === 'out') return correlation !== undefined && callbackUrl !== undefined;
    const caller = normaliseSipUri(from);
    return this.deps.lines().some(({ number, endpoint }) => number === to || endpoint === caller);
  }

  /** Tandem's own calls that no session owns, as far as one look can tell. */
  async unownedOf(calls: readonly LiveCall[]): Promise<LiveCall[]> {
    const found: LiveCall[] = [];
    for (const call of calls) {
      // Tandem dials before it answers: a fallback URL or a fallback number has taken this call.
      const isElsewhere = call.state === 'answered' && isUntouched(call);
      if (this.isOurs(call) && !isElsewhere && !(await this.isOwned(call))) found.push(call);
    }
    return found;
  }

  /** Whether a session has the call as a leg, or is about to. */
  async isOwned(call: LiveCall): Promise<boolean> {
    const { store } = this.deps;
    const named = await store.get(sessionIdOf(call));
    if (named && this.#owns(named, call)) return true;
    const id = await store.idOfCall(call.id);
    const flow = id === undefined ? undefined : await store.get(id);
    return flow !== undefined && this.#owns(flow, call);
  }

  /** A session that has ended, or that reaps an orphan, hangs up the legs that it knows, and no others. */
  #owns(flow: Flow, call: LiveCall): boolean {
    if (flow.endedAt === undefined && flow.reason !== 'orphan-reaped') return true;
    const now = this.deps.store.now();
    return now - (flow.endedAt ?? now) < ENDED_LONG_AGO_MS && legsOf(flow).some(({ callId }) => callId === call.id);
  }
}

/** A caller for whom no callee was dialled: perhaps its offer went unacknowledged. */
export function isUntouched({ direction, dialledFor }: LiveCall): boolean {
  return direction === 'in' && !dialledFor;
}

/** The correlation of a call that Tandem dialled, and the id of a caller, are the id of the session. */
function sessionIdOf({ direction, id, correlation }: LiveCall): string {
  return direction === 'out' ? (correlation ?? id) : id;
}

/** Without credentials: providers show them or not. */
function isSamePlace(one: string, other: string): boolean {
  if (!URL.canParse(one) || !URL.canParse(other)) return one === other;
  const [a, b] = [new URL(one), new URL(other)];
  return a.host === b.host && a.pathname === b.pathname;
}
