/** What the four transaction machines share: a state, a table, two timers. */
import type { Timer, TimerQueues } from './timer-queues';

/** Where a signal leads, and what is done on the way, in this order. */
export type Step<State extends string, Action extends string> = readonly [to: State, actions?: readonly Action[]];

/** A signal that a state does not name is ignored in it. */
export type Table<State extends string, Signal extends string, Action extends string> = Readonly<
  Record<State | 'terminated', Readonly<Partial<Record<Signal, Step<State | 'terminated', Action>>>>>
>;

export abstract class Machine<State extends string, Signal extends string, Action extends string, Message> {
  protected abstract readonly table: Table<State, Signal, Action>;
  #state: State | 'terminated';
  /** Retransmits. */
  #again: Timer | undefined;
  /** Ends the state. */
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

  /** The one place where the state changes. */
  apply(signal: Signal, message?: Message): void {
    const step = this.table[this.#state][signal];
    if (!step) return;
    const [to, actions = []] = step;
    this.#state = to;
    if (to === 'terminated') this.stopTimers();
    // An action may itself lead on to another state, or to the end of the layer.
    for (const action of actions) if (this.#state === to) this.run(action, message);
    if (to === 'terminated') this.over();
  }

  /** Ends it from outside, without a word. */
  end(): void {
    this.#state = 'terminated';
    this.stopTimers();
    this.release();
  }

  protected abstract run(action: Action, message: Message | undefined): void;

  /** Lets go of what it holds outside: listeners. */
  protected abstract release(): void;

  /** It is terminated, and all actions are done. */
  protected abstract over(): void;

  protected again(ms: number, signal: Signal): void {
    this.#again?.stop();
    this.#again = this.timers.start(ms, this, signal);
  }

  /** @param ms 0: the state is over at once; to be the last action, therefore */
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
