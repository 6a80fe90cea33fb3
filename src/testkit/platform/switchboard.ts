/** The true state of every leg, and the parties at both ends. Independent of HTTP. */
import { UNKNOWN_EVENT, type Delivery } from './delivery';
import { calleesOf, callerOf, isUp, nameOf, type Bridge, type Leg, type Scenario } from './scenario';

/** The destination of a leg's events. */
export interface Callback {
  callbackUrl: string;
  fallbackUrl?: string;
  callbackMethod: 'GET' | 'POST';
  callbackTimeoutMs: number;
}

export interface DialRequest extends Callback {
  from: string;
  to: string;
  tag: string | undefined;
  /** s */
  callTimeout: number;
  joins?: Bridge;
  transferOf?: Leg;
}

export interface Switchboard {
  readonly legs: ReadonlyMap<string, Leg>;
  readonly bridges: ReadonlyMap<string, Bridge>;
  /** Creates an incoming leg. */
  ring(scenario: Scenario, call: Callback & { from: string; to: string }): Leg;
  dial(scenario: Scenario, call: DialRequest): Leg;
  pickUp(leg: Leg): void;
  end(leg: Leg, cause: string): void;
  speak(leg: Leg, sentence: string, tag: string | undefined): void;
  /** Sends an arbitrary event of a leg. */
  emit(leg: Leg, eventType: string, fields?: Record<string, string>): void;
  bridge(scenario: Scenario, legs: readonly Leg[]): Bridge;
  join(bridge: Bridge, legs: readonly Leg[]): void;
  /** Whether the party has a planned action: to answer, to hang up, to stop ringing. */
  isBusy(leg: Leg): boolean;
  close(): void;
}

interface SwitchboardOptions {
  delivery: Pick<Delivery, 'emit'>;
  callUri: (id: string) => string;
  /** Multiplies callTimeout, so that a test need not wait real seconds. */
  timeScale: number;
  /** How long a caller waits for the webhook server, ms. */
  patienceMs: number;
}

export function createSwitchboard({ delivery, callUri, timeScale, patienceMs }: SwitchboardOptions): Switchboard {
  const legs = new Map<string, Leg>();
  const bridges = new Map<string, Bridge>();
  const timers = new Map<string, Set<NodeJS.Timeout>>();
  const impatient = new Set<NodeJS.Timeout>();
  /** Cancels the timer of callTimeout, by leg. */
  const ringing = new Map<string, () => void>();

  /** Calls `act` later, unless the leg has ended by then. @returns a function that cancels it */
  function later(leg: Leg, ms: number, act: () => void): () => void {
    const own = timers.get(leg.id) ?? new Set();
    timers.set(leg.id, own);
    const done = (): void => {
      own.delete(timer);
      if (own.size === 0 && timers.get(leg.id) === own) timers.delete(leg.id);
    };
    const timer = setTimeout(() => {
      done();
      act();
    }, ms);
    own.add(timer);
    return () => {
      clearTimeout(timer);
      done();
    };
  }

  function emit(leg: Leg, eventType: string, fields: Record<string, string> = {}): void {
    const tag = leg.tag === undefined ? {} : { tag: leg.tag };
    const time = new Date().toISOString();
    delivery.emit(leg, { eventType, callId: leg.id, callUri: callUri(leg.id), time, ...tag, ...fields });
  }

  const parties = (leg: Leg): { from: string; to: string } => ({ from: leg.from, to: leg.to });

  function addLeg(leg: Omit<Leg, 'id' | 'state' | 'pickingUp' | 'startedAt' | 'rejected' | 'speeches'>): Leg {
    const id = `c-kit${leg.scenario.index}${leg.role === 'caller' ? 'in' : `out${leg.scenario.legs.length}`}`;
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
    if (leg.scenario.script.unknownEvent) later(added, 20, () => emit(added, UNKNOWN_EVENT, { weather: 'fine' }));
    return added;
  }

  function activate(leg: Leg): void {
    if (leg.state !== 'ringing') return;
    const { scenario } = leg;
    leg.state = 'active';
    leg.pickingUp = false;
    leg.activeAt = Date.now();
    ringing.get(leg.id)?.();
    scenario.journal.truth(`${nameOf(leg)} ${leg.id} is active`, leg.role);
    emit(leg, 'answer', { ...parties(leg), callState: 'active' });
    if (leg.joins) join(leg.joins, [leg]);
    if (leg.transferOf) putThrough(leg.transferOf, leg);
    if (leg.role === 'caller') leaveOnceAnswered(scenario);
    if (leg.role === 'callee' && scenario.kind === 'speak' && scenario.script.endsBy === 'callee')
      later(leg, scenario.script.talkMs, () => end(leg, 'NORMAL_CLEARING'));
  }

  function putThrough(caller: Leg, callee: Leg): void {
    if (caller.state === 'ringing') activate(caller);
    if (caller.state === 'active') bridge(caller.scenario, [caller, callee]);
    else end(callee, 'NORMAL_CLEARING');
  }

  function leaveOnceAnswered(scenario: Scenario): void {
    const who = scenario.script.leavesOnceAnswered;
    const leaving = who === 'caller' ? callerOf(scenario) : calleesOf(scenario).find(isUp);
    if (who && leaving)
      later(leaving, scenario.prng.fork('leave').between(0, 5), () => end(leaving, 'NORMAL_CLEARING'));
  }

  function end(leg: Leg, cause: string): void {
    if (leg.state === 'ended') return;
    for (const timer of timers.get(leg.id) ?? []) clearTimeout(timer);
    timers.delete(leg.id);
    ringing.delete(leg.id);
    leg.rejected = leg.state === 'ringing' && (cause === 'CALL_REJECTED' || cause === 'USER_BUSY');
    leg.state = 'ended';
    leg.pickingUp = false;
    leg.endedAt = Date.now();
    leg.cause = cause;
    leg.scenario.journal.truth(`${nameOf(leg)} ${leg.id} is gone: ${cause}`, leg.role);
    emit(leg, 'hangup', { ...parties(leg), cause });
    // The platform ends both sides of a transfer together.
    for (const partner of leg.scenario.legs)
      if (partner.transferOf === leg || (leg.transferOf === partner && leg.activeAt !== undefined))
        end(partner, 'NORMAL_CLEARING');
  }

  function playFarEnd(leg: Leg): void {
    const { script, prng } = leg.scenario;
    const act = {
      answer: () => activate(leg),
      busy: () => end(leg, 'USER_BUSY'),
      reject: () => end(leg, 'CALL_REJECTED'),
      unallocated: () => end(leg, 'UNALLOCATED_NUMBER'),
      'no-answer': () => undefined,
      'answer-and-hang-up': () => {
        activate(leg);
        later(leg, prng.fork('short answer').between(0, 10), () => end(leg, 'NORMAL_CLEARING'));
      },
    }[script.farEnd];
    later(leg, script.farEndAfterMs, act);
  }

  function bridge(scenario: Scenario, pair: readonly Leg[]): Bridge {
    const id = `brg-kit${scenario.index}-${scenario.bridges.length + 1}`;
    const made: Bridge = { id, legs: [], createdAt: Date.now(), talking: false };
    bridges.set(id, made);
    scenario.bridges.push(made);
    const states = pair.map((leg) => `${nameOf(leg)} is ${leg.state}`).join(', ');
    scenario.journal.truth(`bridge ${id}: ${states || 'empty'}`, 'both');
    join(made, pair);
    return made;
  }

  function join(into: Bridge, joining: readonly Leg[]): void {
    for (const leg of joining) {
      leg.bridge = into;
      if (!into.legs.includes(leg)) into.legs.push(leg);
    }
    const [first] = into.legs;
    if (first && into.legs.length >= 2 && !into.talking) {
      into.talking = true;
      talk(into, first.scenario);
    }
  }

  function talk(among: Bridge, scenario: Scenario): void {
    const { endsBy, talkMs, keys } = scenario.script;
    const first = among.legs.find((leg) => leg.role === endsBy) ?? among.legs[0];
    if (first) later(first, talkMs, () => end(first, 'NORMAL_CLEARING'));
    const caller = callerOf(scenario);
    if (!keys || !caller) return;
    for (const [i, dtmfDigit] of ['1', '#'].entries())
      later(caller, (talkMs / 3) * (i + 1), () => emit(caller, 'dtmf', { dtmfDigit }));
  }

  return {
    legs,
    bridges,
    end,
    emit,
    bridge,
    join,

    ring(scenario, call) {
      const leg = addLeg({ scenario, role: 'caller', ...call });
      scenario.journal.truth(`${call.from} dials ${call.to}: caller ${leg.id}`, 'caller');
      emit(leg, 'incomingcall', { ...parties(leg), callState: 'active', applicationId: 'a-stub' });
      const { callerGivesUpAfterMs } = scenario.script;
      if (callerGivesUpAfterMs !== undefined)
        later(leg, callerGivesUpAfterMs, () => {
          if (leg.state === 'ringing') end(leg, 'ORIGINATOR_CANCEL');
        });
      const timer = setTimeout(() => {
        impatient.delete(timer);
        if (!scenario.known) end(leg, 'ORIGINATOR_CANCEL');
      }, patienceMs);
      impatient.add(timer);
      return leg;
    },

    dial(scenario, { tag, ...call }) {
      const { callTimeout, to } = call;
      if (calleesOf(scenario).length > 0) scenario.journal.violation('double-dial', 'two dials for one call');
      const leg = addLeg({ scenario, role: 'callee', ...call, ...(tag !== undefined && { tag }) });
      scenario.journal.truth(`${nameOf(leg)} ${leg.id} rings (${to}, tag ${tag ?? 'none'})`, 'callee');
      playFarEnd(leg);
      const giveUp = (): void => {
        emit(leg, 'timeout', parties(leg));
        end(leg, 'NO_ANSWER');
      };
      ringing.set(leg.id, later(leg, callTimeout * 1000 * timeScale, giveUp));
      return leg;
    },

    pickUp(leg) {
      if (leg.state !== 'ringing' || leg.pickingUp) return;
      leg.pickingUp = true;
      if (!calleesOf(leg.scenario).some((callee) => callee.activeAt !== undefined))
        leg.scenario.journal.violation(
          'early-answer',
          'early answer: the caller is answered before the callee has answered',
        );
      later(leg, leg.scenario.prng.fork('pick up').between(0, 50), () => activate(leg));
    },

    speak(leg, sentence, tag) {
      const speech = { sentence, done: false };
      leg.speeches.push(speech);
      const fields = tag === undefined ? {} : { tag };
      emit(leg, 'speak', { status: 'started', state: 'PLAYBACK_START', ...fields });
      const lastsMs = leg.scenario.prng.fork(`sentence ${leg.speeches.length}`).between(20, 150);
      later(leg, lastsMs, () => {
        speech.done = true;
        leg.scenario.journal.truth(`the sentence is spoken to ${leg.id}`, leg.role);
        emit(leg, 'speak', { status: 'done', state: 'PLAYBACK_STOP', ...fields });
      });
    },

    isBusy: (leg) => timers.has(leg.id),

    close() {
      for (const own of timers.values()) for (const timer of own) clearTimeout(timer);
      for (const timer of impatient) clearTimeout(timer);
      timers.clear();
    },
  };
}
