/** Base class of the four transaction machines: a state, a transition table, two timers. */
import type { Timer, TimerQueues } from './timer-queues';

/** The next state and the actions of a transition, in order. */
export type Step<State extends string, Action extends string> = readonly [to: State, actions?: readonly Action[]];

/** A state ignores the signals that it does not list. */
export type Table<State extends string, Signal extends string, Action extends string> = Readonly<
  Record<State | 'terminated', Readonly<Partial<Record<Signal, Step<State | 'terminated', Action>>>>>
>;

export abstract class Machine<State extends string, Signal extends string, Action extends string, Message> {
  protected abstract readonly table: Table<State, Signal, Action>;
  #state: State | 'terminated';
  /** Retransmission timer. */
  #again: Timer | undefined;
  /** Timer that ends the state. */
  #limit: Timer | undefined;

  constructor(
    initial: State,
    private readonly timers: TimerQueues,
  ) {
    this.#state = initial;
  }

  get state(): State | 'terminated' {
    return this.#state;
  }

  /** Handles a signal. Only this method and `end` change the state. */
  apply(signal: Signal, message?: Message): void {
    const step = this.table[this.#state][signal];
    if (!step) return;
    const [to, actions = []] = step;
    this.#state = to;
    if (to === 'terminated') this.stopTimers();
    // An action may change the state, or close the layer.
    for (const action of actions) if (this.#state === to) this.run(action, message);
    if (to === 'terminated') this.over();
  }

  /** Terminates the machine without calling its user. */
  end(): void {
    this.#state = 'terminated';
    this.stopTimers();
    this.release();
  }

  protected abstract run(action: Action, message: Message | undefined): void;

  /** Removes listeners and drops references. */
  protected abstract release(): void;

  /** Called when the machine has terminated and all actions have run. */
  protected abstract over(): void;

  protected again(ms: number, signal: Signal): void {
    this.#again?.stop();
    this.#again = this.timers.start(ms, this, signal);
  }

  /** Ends the state after a time. @param ms 0 ends it at once, so this must be the last action */
  protected limit(ms: number, signal: Signal): void {
    this.#limit?.stop();
    this.#limit = undefined;
    if (ms === 0) this.apply(signal);
    else this.#limit = this.timers.start(ms, this, signal);
  }

  protected stopTimers(): void {
    this.#again?.stop();
    this.#limit?.stop();
    this.#again = this.#limit = undefined;
  }
}
