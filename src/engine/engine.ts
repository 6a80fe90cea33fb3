/**
 * The engine: takes in events, starts and ends sessions, wakes them. `receiver.ts` finds the session of an event,
 * `session-steps.ts` applies it in one atomic step of the store and starts the commands, `waker.ts` is for the ticker.
 */
import type { CallEvent } from '../calls/events';
import type { DialPlan } from '../dial-plan/dial-plan';
import type { Orphan } from '../flows/bridge-legs';
import { PHASES, type Decision, type Flow, type Limits, type Phase } from '../flows/flow';
import { beginSpeak, type SpeakRequest } from '../flows/speak-and-hang-up';
import type { CallControl } from '../providers/provider';
import type { FlowStore } from '../store/store';
import type { InternalErrors } from '../support/internal-errors';
import type { Logger } from '../support/logger';
import type { RecordOutbox } from './call-records/outbox';
import type { Metrics } from './metrics';
import { createReceiver } from './receiver';
import { createReporter } from './reporter';
import { SessionSteps } from './session-steps';
import { createWaker } from './waker';

export interface EngineDeps {
  store: FlowStore;
  control: CallControl;
  log: Logger;
  /** Those of the process; default: its own. */
  internalErrors?: InternalErrors | undefined;
  metrics: Metrics;
  records?: Pick<RecordOutbox, 'owing' | 'write'> | undefined;
  plan: DialPlan;
  limits: Limits;
  /** Called for an event of an unknown call: sessions may have been lost. */
  onStray?: () => void;
  /** epoch ms; by default the clock of the store, which all instances share */
  now?: () => number;
}

export interface Engine {
  /**
   * Takes in an event of the platform. When it resolves the event is in the store, and its commands are on their way.
   * Rejects where it could not be stored: then the event must not be acknowledged.
   */
  receive(event: CallEvent, requestId?: string): Promise<void>;
  /** Whether a new incoming call would be taken; one that is known already always is. */
  accepts(event: CallEvent): Promise<boolean>;
  /** Starts speak-and-hang-up, unless there is a session of this id already: then that one is the result. */
  speak(request: SpeakRequest): Promise<{ flow: Flow; started: boolean }>;
  /** Ends a flow and all its legs; undefined where there is none. */
  end(flowId: string): Promise<Flow | undefined>;
  /** Ends the live sessions of these phases as `server-stopped`; how many there were. */
  stopSessions(isIn: (phase: Phase) => boolean): Promise<number>;
  /** Wakes the flows whose time has come, and takes over the commands of instances that are gone. */
  wakeDue(): Promise<void>;
  /** Keeps a flow that was found on the platform; false where it is known already. */
  adopt(decision: Decision): Promise<boolean>;
  /** Hangs up a call that is in no flow, and keeps a record of it: a flow of its own. */
  reap(orphan: Orphan): Promise<void>;
  /** From now on no new flow is begun. */
  drain(): void;
  readonly draining: boolean;
  /** Resolves when no command is under way. */
  idle(): Promise<void>;
  /** Sends nothing any more. */
  close(): void;
}

/** More live sessions than any instance has. */
const STOP_LIMIT = 1_000_000;

export function createEngine(deps: EngineDeps): Engine {
  const { store, limits, now = () => store.now() } = deps;
  const reporter = createReporter(deps);
  const steps = new SessionSteps({ ...deps, reporter, now });
  const receiver = createReceiver({ ...deps, steps, reporter, now });
  const { runner } = steps;
  let draining = false;

  return {
    receive: (event, requestId) => receiver.receive(event, requestId),
    reap: (orphan) => receiver.reap(orphan),
    adopt: (decision) => steps.start(decision),
    wakeDue: createWaker({ ...deps, steps, reporter, now }),

    async accepts(event) {
      if (!draining || event.type !== 'offered') return true;
      return (await store.get(event.callId)) !== undefined;
    },

    async speak(request) {
      const decision = beginSpeak(request, limits, now());
      if (await steps.start(decision)) return { flow: decision.flow, started: true };
      return { flow: (await store.get(request.id)) ?? decision.flow, started: false };
    },

    end: (flowId) => steps.dispatch(flowId, { type: 'end-requested', at: now(), reason: 'ended-by-request' }),

    async stopSessions(isIn) {
      let count = 0;
      for (const phase of PHASES.filter(isIn)) {
        for (const { id } of await store.list({ phase, limit: STOP_LIMIT })) {
          const event = { type: 'end-requested', at: now(), reason: 'server-stopped' } as const;
          if ((await steps.dispatch(id, event))?.reason === 'server-stopped') count += 1;
        }
      }
      return count;
    },

    drain() {
      draining = true;
    },
    get draining() {
      return draining;
    },
    idle: () => runner.idle(),
    close: () => runner.close(),
  };
}
