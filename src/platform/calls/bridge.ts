/** A bridge: connects the sound of up to two active calls. */
import type { Logger } from '../../support/logger';
import type { BridgeState } from '../../v1-wire/commands';
import { newId } from '../../support/ids';
import { AlreadyBridgedError, BridgeOverflowError, InvalidStateError } from '../errors';
import type { Call, CallWatcher } from './call';

type BridgeSignal = 'connected' | 'held' | 'emptied';

const TRANSITIONS: Record<BridgeState, Partial<Record<BridgeSignal, BridgeState>>> = {
  // `created`: the audio was never bridged, as a call is missing or ringing.
  created: { connected: 'active', emptied: 'completed' },
  active: { held: 'hold', emptied: 'completed' },
  hold: { connected: 'active', emptied: 'completed' },
  completed: {},
  error: {},
};

export const MAX_BRIDGED_CALLS = 2;

export class Bridge {
  readonly id = newId('bridge');
  readonly createdTime = new Date();
  activatedTime: Date | undefined;
  completedTime: Date | undefined;
  state: BridgeState = 'created';

  /** Includes ended calls, which `GET /bridges/{id}/calls` lists. */
  readonly #calls = new Map<Call, CallWatcher>();

  constructor(
    public bridgeAudio: boolean,
    private readonly log: Logger,
    private readonly onCompleted: (bridge: Bridge) => void,
  ) {}

  get calls(): Call[] {
    return [...this.#calls.keys()];
  }

  /**
   * Makes these calls the members of the bridge, and removes all others. Atomic.
   * @throws BridgeOverflowError, AlreadyBridgedError, InvalidStateError
   */
  setCalls(calls: readonly Call[]): void {
    this.#check(calls, calls.length);
    for (const call of this.calls) if (!calls.includes(call)) this.#remove(call);
    for (const call of calls) this.#add(call);
    this.#settle();
  }

  /** Adds a call. @throws the errors of `setCalls` */
  join(call: Call): void {
    this.check(call);
    this.#add(call);
    this.#settle();
  }

  /** Removes a call, without ending it. */
  remove(call: Call): void {
    this.#remove(call);
    this.#settle();
  }

  /** Checks whether a call may join; undefined: a future call. @throws the errors of `setCalls` */
  check(call?: Call): void {
    const live = this.calls.filter((member) => !member.over && member !== call);
    this.#check(call ? [call] : [], live.length + 1);
  }

  setAudio(bridgeAudio: boolean): void {
    this.#mustBeLive();
    this.bridgeAudio = bridgeAudio;
    this.#settle();
  }

  #check(calls: readonly Call[], size: number): void {
    this.#mustBeLive();
    if (size > MAX_BRIDGED_CALLS)
      throw new BridgeOverflowError(`A bridge must have at most ${MAX_BRIDGED_CALLS} calls`);
    for (const call of calls) {
      if (call.over) throw new InvalidStateError('bridge-invalid-state', `callIds: the call ${call.id} has ended`);
      if (call.bridge && call.bridge !== this && call.bridge.state !== 'completed')
        throw new AlreadyBridgedError(`callIds: the call ${call.id} is already in the bridge ${call.bridge.id}`);
    }
  }

  #mustBeLive(): void {
    if (this.state === 'completed')
      throw new InvalidStateError('bridge-invalid-state', `The bridge ${this.id} has completed`);
  }

  #add(call: Call): void {
    if (this.#calls.has(call)) return;
    const watcher: CallWatcher = { answered: () => this.#settle(), ended: () => this.#settle() };
    this.#calls.set(call, watcher);
    call.bridge = this;
    call.watch(watcher);
  }

  #remove(call: Call): void {
    const watcher = this.#calls.get(call);
    if (watcher) call.unwatch(watcher);
    this.#calls.delete(call);
    call.bridge = undefined;
    call.connect(undefined);
  }

  /**
   * Updates audio and state after a change of the calls. The end of one call does not end the other. The bridge ends
   * when all calls have ended or were removed.
   */
  #settle(): void {
    const live = this.calls.filter((call) => !call.over);
    const [one, two] = live.filter((call) => call.up);
    if (one && two && this.bridgeAudio) {
      one.connect(two);
      two.connect(one);
      this.activatedTime ??= new Date();
      this.#move('connected');
      return;
    }
    for (const call of live) call.connect(undefined);
    if (live.length === 0 && (this.#calls.size > 0 || this.state !== 'created')) this.#complete();
    else if (!this.bridgeAudio) this.#move('held');
  }

  #complete(): void {
    if (!this.#move('emptied')) return;
    this.completedTime = new Date();
    this.onCompleted(this);
  }

  #move(signal: BridgeSignal): boolean {
    const next = TRANSITIONS[this.state][signal];
    if (next === undefined) return false;
    this.log.info(
      { event: 'bridge-state', bridgeId: this.id, state: next, before: this.state },
      'bridge state changed',
    );
    this.state = next;
    return true;
  }
}
