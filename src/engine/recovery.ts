/**
 * Compares what the platform says is up with the flows there are: after a restart, and from time to time. A pair that
 * talks is adopted; a leg that belongs to no flow is hung up, or it would stay up and be billed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { LiveCall } from '../calls/outcomes';
import type { CallControl } from '../providers/provider';
import { messageOf } from '../support/errors';
import type { FlowStore } from '../store/store';
import { createInternalErrors, type InternalErrors } from '../support/internal-errors';
import type { Logger } from '../support/logger';
import { normaliseSipUri } from '../addresses/sip-uri';
import { adoptBridged } from '../flows/bridge-legs';
import type { Line } from '../dial-plan/dial-plan';
import type { Engine } from './engine';
import { legsOf, type Flow, type Limits } from '../flows/flow';

export interface RecoveryDeps {
  store: FlowStore;
  control: Pick<CallControl, 'send' | 'listLive'>;
  engine: Pick<Engine, 'adopt' | 'reap'>;
  /** They may change. */
  lines: () => readonly Line[];
  limits: Limits;
  /** Where the events of dialled calls go: calls that report elsewhere are somebody else's. */
  callbackUrl: () => string;
  internalErrors?: InternalErrors;
  log: Logger;
  /** ms; see `GRACE_MS` */
  graceMs?: number;
  /** Beyond that, ms; see `RINGING_GRACE_MS` */
  ringingGraceMs?: number;
}

export interface Recovery {
  /** Looks once. Never rejects: what could not be done is done the next time. */
  run(): Promise<void>;
  /** An event told of a call of which nothing is known: looks in a moment. Where flows were lost, more than one tells of it. */
  soon(): void;
  close(): void;
}

/**
 * How far back a look goes that is not the first: a leg whose flow was lost is found at the start, or soon after it began.
 * All calls of a day on a busy platform would be thousands of pages. ms
 */
const LATER_LOOKS_MS = 3_600_000;
/** Between the two looks that it takes to call a leg an orphan: what is on its way has come by then. ms */
const GRACE_MS = 5_000;
/**
 * How much longer a caller may ring for whom nobody was dialled. The platform waits up to ten seconds for an answer to
 * `incomingcall` before it turns to the fallback URL; and a call that rings costs nothing. ms
 */
const RINGING_GRACE_MS = 7_000;
/** A flow that ended so long ago is not hanging up its legs any more. ms */
const ENDED_LONG_AGO_MS = 30_000;
/** How soon is soon, ms. */
const SOON_MS = 2_000;
/** How long other instances leave recovery alone. A run renews it, however long it takes. ms */
const CLAIM_MS = 10_000;

interface Parties {
  numbers: ReadonlySet<string>;
  endpoints: ReadonlySet<string>;
}

const partiesOf = (lines: readonly Line[]): Parties => ({
  numbers: new Set(lines.map(({ number }) => number)),
  endpoints: new Set(lines.map(({ endpoint }) => endpoint)),
});

export function createRecovery(deps: RecoveryDeps): Recovery {
  const { store, control, engine, limits, log } = deps;
  const { internalErrors = createInternalErrors(log) } = deps;
  const { graceMs = GRACE_MS, ringingGraceMs = RINGING_GRACE_MS } = deps;
  const closing = new AbortController();
  let backMs = limits.maxCallMs;

  /** Whether Tandem dialled it, or it came in over one of the lines. */
  function isOurs(
    { direction, from, to, correlation, callbackUrl }: LiveCall,
    { numbers, endpoints }: Parties,
  ): boolean {
    if (callbackUrl !== undefined && !isSamePlace(callbackUrl, deps.callbackUrl())) return false;
    // Only what Tandem dials has a correlation; without the URL that alone proves nothing.
    if (direction === 'out') return correlation !== undefined && callbackUrl !== undefined;
    return numbers.has(to) || endpoints.has(normaliseSipUri(from) ?? '');
  }

  /** The correlation of calls that Tandem dialled, and the id of its callers: the id of the flow. */
  const flowIdOf = ({ direction, id, correlation }: LiveCall): string =>
    direction === 'out' ? (correlation ?? id) : id;

  async function isOwned(call: LiveCall): Promise<boolean> {
    const named = await store.get(flowIdOf(call));
    if (named && owns(named, call)) return true;
    const id = await store.idOfCall(call.id);
    const flow = id === undefined ? undefined : await store.get(id);
    return flow !== undefined && owns(flow, call);
  }

  /** A flow that has ended, or that reaps an orphan, hangs up the legs that it knows, and no others. */
  function owns(flow: Flow, call: LiveCall): boolean {
    if (flow.endedAt === undefined && flow.reason !== 'orphan-reaped') return true;
    return (
      store.now() - (flow.endedAt ?? store.now()) < ENDED_LONG_AGO_MS &&
      legsOf(flow).some(({ callId }) => callId === call.id)
    );
  }

  async function unowned(): Promise<LiveCall[]> {
    const found: LiveCall[] = [];
    const parties = partiesOf(deps.lines());
    for (const call of await control.listLive(backMs, closing.signal)) {
      // Tandem answers nobody before it has dialled: a fallback URL, or a fallback number, has taken this call.
      const isElsewhere = call.state === 'answered' && isUntouched(call);
      if (isOurs(call, parties) && !isElsewhere && !(await isOwned(call))) found.push(call);
    }
    return found;
  }

  /** Both legs of a pair that talks are up, and in one bridge: it goes on as if nothing had been. */
  async function adoptPairs(calls: readonly LiveCall[]): Promise<void> {
    for (const callee of calls) {
      if (callee.direction !== 'out' || callee.bridgeId === undefined) continue;
      const caller = calls.find(({ id, bridgeId }) => id === callee.correlation && bridgeId === callee.bridgeId);
      if (!caller || caller.state !== 'answered' || callee.state !== 'answered') continue;
      const decision = adoptBridged({ caller, callee, bridgeId: callee.bridgeId }, limits, store.now());
      if (await engine.adopt(decision))
        log.info({ event: 'session-adopted', sessionId: caller.id }, 'adopted a bridged pair found on the platform');
    }
  }

  async function passed(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: closing.signal, ref: false });
  }

  async function endIf(states: readonly LiveCall['state'][], suspect: LiveCall): Promise<void> {
    const { id, correlation, direction, from, to } = suspect;
    const outcome = await control.send({ type: 'look', callId: id }, { signal: closing.signal });
    if (outcome.type === 'failed') throw new Error(outcome.failure.code);
    const state = states.find((one) => one === outcome.result.seen?.[0]?.state);
    if (!state) return;
    log.warn({ event: 'orphan-reaped', callId: id, correlation, direction, from, to, state }, 'orphan hung up');
    await engine.reap({ id, direction, from, to, state });
  }

  async function endOrphans(suspects: readonly LiveCall[], ...states: LiveCall['state'][]): Promise<void> {
    for (const suspect of suspects) {
      if (await isOwned(suspect)) continue;
      // One that cannot be looked at must not keep the others up.
      await endIf(states, suspect).catch((error: unknown) => {
        if (closing.signal.aborted) throw error;
        log.warn(
          { event: 'suspect-not-checked', callId: suspect.id, err: messageOf(error) },
          'A possible orphan could not be looked up',
        );
      });
    }
  }

  const renewClaim = () =>
    store.claim('recovery', CLAIM_MS).catch((error: unknown) => {
      log.warn({ event: 'recovery-claim-not-renewed', err: messageOf(error) }, 'the claim could not be renewed');
    });

  let timer: NodeJS.Timeout | undefined;
  let running = false;

  const recovery: Recovery = {
    async run() {
      if (running) return;
      running = true;
      let renewal: NodeJS.Timeout | undefined;
      try {
        if (!(await store.claim('recovery', CLAIM_MS))) return;
        renewal = setInterval(internalErrors.guard('recovery', renewClaim), CLAIM_MS / 3).unref();
        const suspects = await unowned();
        backMs = Math.min(limits.maxCallMs, LATER_LOOKS_MS);
        if (suspects.length === 0) return;
        await adoptPairs(suspects);
        await passed(graceMs);
        const waiting = suspects.filter(isUntouched);
        await endOrphans(
          suspects.filter((suspect) => !waiting.includes(suspect)),
          'ringing',
          'answered',
        );
        if (waiting.length === 0) return;
        await passed(ringingGraceMs);
        await endOrphans(waiting, 'ringing');
      } catch (error) {
        if (!closing.signal.aborted)
          log.warn(
            { event: 'recovery-failed', err: messageOf(error) },
            'Recovery could not compare the calls of the platform',
          );
      } finally {
        clearInterval(renewal);
        running = false;
      }
    },
    soon() {
      const look = internalErrors.guard('recovery', () => {
        timer = undefined;
        return recovery.run();
      });
      timer ??= setTimeout(look, SOON_MS).unref();
    },

    close() {
      closing.abort();
      clearTimeout(timer);
    },
  };
  return recovery;
}

/** A caller for whom nobody was dialled: perhaps its `incomingcall` went unacknowledged. */
function isUntouched({ direction, dialledFor }: LiveCall): boolean {
  return direction === 'in' && !dialledFor;
}

/** Credentials aside: platforms show them or not. */
function isSamePlace(one: string, other: string): boolean {
  if (!URL.canParse(one) || !URL.canParse(other)) return one === other;
  const [a, b] = [new URL(one), new URL(other)];
  return a.host === b.host && a.pathname === b.pathname;
}
