/** Collects digits from the far end (`POST /calls/{id}/gather`). */
import { newId } from '../../support/ids';
import type { Playback } from '../../media/playback';
import type { Cancel } from '../../support/timers';
import type { Call, CallWatcher } from './call';

export interface GatherSettings {
  maxDigits: number;
  /** Timeout after the end of the prompt and after each digit, s. */
  interDigitTimeout: number;
  /** Digits that end the gather. They are not part of the result. */
  terminatingDigits: string;
  tag?: string | undefined;
  prompt?: Playback | undefined;
  /** Whether a digit stops the prompt. Otherwise digits during the prompt do not count. */
  bargeable: boolean;
}

export type GatherReason = 'max-digits' | 'terminating-digit' | 'inter-digit-timeout' | 'hung-up';

export class Gather {
  readonly id = newId('gather');
  readonly createdTime = new Date();
  completedTime: Date | undefined;
  /** undefined while it runs, and if the API stopped it. */
  reason: GatherReason | undefined;
  digits = '';
  #prompting: boolean;
  #cancelTimeout: Cancel | undefined;
  readonly #watcher: CallWatcher;

  /** Starts at once. @throws InvalidStateError if the call is not up */
  constructor(
    private readonly call: Call,
    readonly settings: GatherSettings,
  ) {
    this.#watcher = {
      dtmf: (digit) => this.#take(digit),
      ended: () => this.#complete('hung-up'),
      playDone: (playback) => playback === settings.prompt && this.#prompted(),
    };
    this.#prompting = settings.prompt !== undefined;
    if (settings.prompt) call.play(settings.prompt);
    else call.mustHaveAudio();
    call.watch(this.#watcher);
    call.gathers.set(this.id, this);
    if (!this.#prompting) this.#wait();
  }

  get running(): boolean {
    return this.completedTime === undefined;
  }

  /** Stops the gather by command of the API. */
  stop(): void {
    this.#complete(undefined);
  }

  #take(digit: string): void {
    if (this.#prompting) {
      if (!this.settings.bargeable) return;
      this.#prompting = false;
      this.call.stopPlay();
    }
    if (this.settings.terminatingDigits.includes(digit)) return this.#complete('terminating-digit');
    this.digits += digit;
    if (this.digits.length >= this.settings.maxDigits) this.#complete('max-digits');
    else this.#wait();
  }

  #prompted(): void {
    if (!this.#prompting) return;
    this.#prompting = false;
    this.#wait();
  }

  #wait(): void {
    this.#cancelTimeout?.();
    const ms = this.settings.interDigitTimeout * 1000;
    this.#cancelTimeout = this.call.timers.after(ms, () => this.#complete('inter-digit-timeout'));
  }

  #complete(reason: GatherReason | undefined): void {
    if (!this.running) return;
    this.completedTime = new Date();
    this.reason = reason;
    this.#cancelTimeout?.();
    this.call.unwatch(this.#watcher);
    if (this.#prompting && !this.call.over) this.call.stopPlay();
    const { tag } = this.settings;
    this.call.announce('gather', { state: 'completed', reason, digits: this.digits, gatherId: this.id, tag });
  }
}
