/** The true state of every leg, and the people at both ends. Knows nothing of HTTP. */
import type { Delivery } from './delivery';
import { calleesOf, callerOf, type Bridge, type Leg, type Scenario } from './scenario';

export interface DialRequest {
  from: string;
  to: string;
  callbackUrl: string;
  tag: string | undefined;
  /** s */
  callTimeout: number;
}

export interface Switchboard {
  readonly legs: ReadonlyMap<string, Leg>;
  readonly bridges: ReadonlyMap<string, Bridge>;
  /** Somebody dials in. */
  ring(scenario: Scenario, call: { from: string; to: string; callbackUrl: string }): Leg;
  dial(scenario: Scenario, call: DialRequest): Leg;
  pickUp(leg: Leg): void;
  end(leg: Leg, cause: string): void;
  speak(leg: Leg, sentence: string, tag: string | undefined): void;
  bridge(legs: readonly [Leg, Leg]): Bridge;
  close(): void;
}

interface SwitchboardOptions {
  delivery: Pick<Delivery, 'emit'>;
  callUri: (id: string) => string;
  /** Multiplies callTimeout, so that a test need not wait real seconds. */
  timeScale: number;
  /** How long a caller that nobody takes care of stays on the line. */
  patienceMs: number;
}

export function createSwitchboard({ delivery, callUri, timeScale, patienceMs }: SwitchboardOptions): Switchboard {
  const legs = new Map<string, Leg>();
  const bridges = new Map<string, Bridge>();
  const timers = new Map<string, Set<NodeJS.Timeout>>();

  /** Does it later, unless the leg is gone by then. */
  function later(leg: Leg, ms: number, act: () => void): void {
    const own = timers.get(leg.id) ?? new Set();
    timers.set(leg.id, own);
    own.add(setTimeout(act, ms));
  }

  function emit(leg: Leg, eventType: string, fields: Record<string, string> = {}): void {
    const tag = leg.tag === undefined ? {} : { tag: leg.tag };
    const time = new Date().toISOString();
    delivery.emit(leg, { eventType, callId: leg.id, callUri: callUri(leg.id), time, ...tag, ...fields });
  }

  const parties = (leg: Leg): { from: string; to: string } => ({ from: leg.from, to: leg.to });

  function addLeg(leg: Omit<Leg, 'id' | 'state' | 'pickingUp' | 'startedAt' | 'rejected' | 'speeches'>): Leg {
    const id = `c-stub${leg.scenario.index}${leg.role === 'caller' ? 'in' : `out${leg.scenario.legs.length}`}`;
    const added: Leg = {
      ...leg,
      id,
      state: 'ringing',
      pickingUp: false,
      startedAt: Date.now(),
      rejected: false,
      speeches: [],
    };
    legs.set(id, added);
    leg.scenario.legs.push(added);
    return added;
  }

  function activate(leg: Leg): void {
    leg.state = 'active';
    leg.pickingUp = false;
    leg.activeAt = Date.now();
    leg.scenario.journal.truth(`${leg.role} ${leg.id} is active`);
    emit(leg, 'answer', { ...parties(leg), callState: 'active' });
    if (leg.role === 'callee' && leg.scenario.kind === 'speak' && leg.scenario.script.endsBy === 'callee')
      later(leg, leg.scenario.script.talkMs, () => end(leg, 'NORMAL_CLEARING'));
  }

  function end(leg: Leg, cause: string): void {
    if (leg.state === 'ended') return;
    for (const timer of timers.get(leg.id) ?? []) clearTimeout(timer);
    leg.rejected = leg.state === 'ringing' && (cause === 'CALL_REJECTED' || cause === 'USER_BUSY');
    leg.state = 'ended';
    leg.pickingUp = false;
    leg.endedAt = Date.now();
    leg.cause = cause;
    leg.scenario.journal.truth(`${leg.role} ${leg.id} is gone: ${cause}`);
    emit(leg, 'hangup', { ...parties(leg), cause });
  }

  function playFarEnd(leg: Leg): void {
    const { script } = leg.scenario;
    const act = {
      answer: () => activate(leg),
      busy: () => end(leg, 'USER_BUSY'),
      reject: () => end(leg, 'CALL_REJECTED'),
      unallocated: () => end(leg, 'UNALLOCATED_NUMBER'),
      'no-answer': () => undefined,
      'answer-and-hang-up': () => {
        activate(leg);
        later(leg, leg.scenario.prng.between(0, 10), () => end(leg, 'NORMAL_CLEARING'));
      },
    }[script.farEnd];
    later(leg, script.farEndAfterMs, act);
  }

  return {
    legs,
    bridges,
    end,

    ring(scenario, call) {
      const leg = addLeg({ scenario, role: 'caller', ...call });
      scenario.journal.truth(`${call.from} dials ${call.to}: caller ${leg.id}`);
      emit(leg, 'incomingcall', { ...parties(leg), callState: 'active', applicationId: 'a-stub' });
      const { callerGivesUpAfterMs } = scenario.script;
      if (callerGivesUpAfterMs !== undefined)
        later(leg, callerGivesUpAfterMs, () => {
          if (leg.state === 'ringing') end(leg, 'ORIGINATOR_CANCEL');
        });
      later(leg, patienceMs, () => {
        if (!scenario.known) end(leg, 'ORIGINATOR_CANCEL');
      });
      return leg;
    },

    dial(scenario, { from, to, callbackUrl, tag, callTimeout }) {
      if (calleesOf(scenario).length > 0) scenario.journal.violation('two dials for one call');
      const leg = addLeg({ scenario, role: 'callee', from, to, callbackUrl, callTimeout, ...(tag && { tag }) });
      scenario.journal.truth(`callee ${leg.id} rings (${to}, tag ${tag ?? 'none'})`);
      playFarEnd(leg);
      later(leg, callTimeout * 1000 * timeScale, () => {
        if (leg.state !== 'ringing') return;
        emit(leg, 'timeout', parties(leg));
        end(leg, 'NO_ANSWER');
      });
      return leg;
    },

    pickUp(leg) {
      if (leg.state !== 'ringing' || leg.pickingUp) return;
      leg.pickingUp = true;
      if (!calleesOf(leg.scenario).some((callee) => callee.activeAt !== undefined))
        leg.scenario.journal.violation('early answer: the caller is answered before the callee has answered');
      later(leg, leg.scenario.prng.between(0, 50), () => activate(leg));
    },

    speak(leg, sentence, tag) {
      const speech = { sentence, done: false };
      leg.speeches.push(speech);
      const fields = tag === undefined ? {} : { tag };
      emit(leg, 'speak', { status: 'started', state: 'PLAYBACK_START', ...fields });
      later(leg, leg.scenario.prng.between(20, 150), () => {
        speech.done = true;
        leg.scenario.journal.truth(`the sentence is spoken to ${leg.id}`);
        emit(leg, 'speak', { status: 'done', state: 'PLAYBACK_STOP', ...fields });
      });
    },

    bridge(pair) {
      const [{ scenario }] = pair;
      const bridge = {
        id: `brg-stub${scenario.index}-${scenario.bridges.length + 1}`,
        legs: [...pair],
        createdAt: Date.now(),
      };
      bridges.set(bridge.id, bridge);
      scenario.bridges.push(bridge);
      for (const leg of pair) leg.bridge = bridge;
      scenario.journal.truth(`bridge ${bridge.id}: ${pair.map((leg) => `${leg.role} is ${leg.state}`).join(', ')}`);
      const { endsBy, talkMs } = scenario.script;
      const first = endsBy === 'caller' ? callerOf(scenario) : pair.find((leg) => leg.role === 'callee');
      if (first) later(first, talkMs, () => end(first, 'NORMAL_CLEARING'));
      return bridge;
    },

    close() {
      for (const own of timers.values()) for (const timer of own) clearTimeout(timer);
    },
  };
}
