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
import { adoptBridged } from '../flows/bridge-legs';
import type { Line } from '../dial-plan/dial-plan';
import type { Engine } from './engine';
import type { Limits } from '../flows/flow';
import { isUntouched, Ownership } from './ownership';

export interface RecoveryDeps {
  store: FlowStore;
  control: Pick<CallControl, 'send' | 'listLive'>;
  engine: Pick<Engine, 'adopt' | 'reap'>;
  /** They may change. */
  lines: () => readonly Line[];
  limits: Limits;
  /** Where the events of dialled calls go. Calls that report elsewhere belong to another application. */
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
  /** Looks in a moment. Called for an event of an unknown call: where sessions were lost, several such events come. */
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
 * How much longer a caller without a dialled callee may ring. The provider may wait up to ten seconds for a reply to its
 * offer before it turns to the fallback URL. A call that rings costs nothing. ms
 */
const RINGING_GRACE_MS = 7_000;
/** How soon is soon, ms. */
const SOON_MS = 2_000;
/** How long other instances leave recovery alone. A run renews it, however long it takes. ms */
const CLAIM_MS = 10_000;

export function createRecovery(deps: RecoveryDeps): Recovery {
  const { store, control, engine, limits, log } = deps;
  const { internalErrors = createInternalErrors(log) } = deps;
  const { graceMs = GRACE_MS, ringingGraceMs = RINGING_GRACE_MS } = deps;
  const closing = new AbortController();
  const ownership = new Ownership(deps);
  let backMs = limits.maxCallMs;

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
      if (await ownership.isOwned(suspect)) continue;
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

  /** @throws where the provider or the store fails, or recovery is closed */
  async function compare(): Promise<void> {
    const suspects = await ownership.unownedOf(await control.listLive(backMs, closing.signal));
    backMs = Math.min(limits.maxCallMs, LATER_LOOKS_MS);
    if (suspects.length === 0) return;
    await adoptPairs(suspects, deps);
    await passed(graceMs);
    const waiting = suspects.filter(isUntouched);
    const others = suspects.filter((suspect) => !waiting.includes(suspect));
    await endOrphans(others, 'ringing', 'answered');
    if (waiting.length === 0) return;
    await passed(ringingGraceMs);
    await endOrphans(waiting, 'ringing');
  }

  let timer: NodeJS.Timeout | undefined;
  let running = false;

  const recovery: Recovery = {
    async run() {
      if (running) return;
      running = true;
      try {
        await whileClaimed({ store, log, internalErrors }, compare);
      } catch (error) {
        if (!closing.signal.aborted)
          log.warn(
            { event: 'recovery-failed', err: messageOf(error) },
            'Recovery could not compare the calls of the platform',
          );
      } finally {
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

/** Both legs of a pair that talks are up, and in one bridge: its session goes on. */
async function adoptPairs(
  calls: readonly LiveCall[],
  { engine, limits, store, log }: Pick<RecoveryDeps, 'engine' | 'limits' | 'store' | 'log'>,
): Promise<void> {
  for (const callee of calls) {
    if (callee.direction !== 'out' || callee.bridgeId === undefined) continue;
    const caller = calls.find(({ id, bridgeId }) => id === callee.correlation && bridgeId === callee.bridgeId);
    if (!caller || caller.state !== 'answered' || callee.state !== 'answered') continue;
    const decision = adoptBridged({ caller, callee, bridgeId: callee.bridgeId }, limits, store.now());
    if (await engine.adopt(decision))
      log.info({ event: 'session-adopted', sessionId: caller.id }, 'adopted a bridged pair found on the platform');
  }
}

/** Does the work where no other instance does, and renews the claim as long as it takes. */
async function whileClaimed(
  { store, log, internalErrors }: Required<Pick<RecoveryDeps, 'store' | 'log' | 'internalErrors'>>,
  work: () => Promise<void>,
): Promise<void> {
  const renew = () =>
    store.claim('recovery', CLAIM_MS).catch((error: unknown) => {
      log.warn({ event: 'recovery-claim-not-renewed', err: messageOf(error) }, 'the claim could not be renewed');
    });
  if (!(await store.claim('recovery', CLAIM_MS))) return;
  const renewal = setInterval(internalErrors.guard('recovery', renew), CLAIM_MS / 3).unref();
  try {
    await work();
  } finally {
    clearInterval(renewal);
  }
}
