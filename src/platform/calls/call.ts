/** One leg: its state, its commands, its events. */
import { runAll, type InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import type { CallState, RejectCause, BridgeState } from '../../v1-wire/commands';
import type { HangupCause, HangupDetail, VoiceEventType } from '../../v1-wire/events';
import { newId } from '../../support/ids';
import { CallEndedError, InvalidStateError } from '../errors';
import type { Playback } from '../../media/playback';
import type { Line, LineListener } from '../lines/line';
import type { Party } from '../../media/audio';
import type { ErrorLog } from '../resources/error-log';
import { timersWithin, type Cancel, type Timers } from '../../support/timers';
import type { Uris } from '../uris';
import { createCallEvents, type CallEvents, type EventFields } from './call-events';
import { isOver, nextCallState, type CallSignal } from './call-state';
import type { CallbackTarget, CallEvent, EventQueue } from './delivery';

/** Settings of a call. An update may change some of them. */
export interface CallSettings {
  direction: 'in' | 'out';
  from: string;
  to: string;
  /** Destination of its events; undefined: none. */
  callback?: CallbackTarget | undefined;
  /** How long it may ring, s. */
  callTimeout: number;
  tag?: string | undefined;
  sipHeaders?: Record<string, string> | undefined;
  /** Whether `from` is hidden from the callee. */
  privacy?: boolean | undefined;
  /** Incoming calls only. */
  applicationId?: string | undefined;
  recordingEnabled?: boolean | undefined;
  /** s */
  recordingMaxDuration?: number | undefined;
}

export type RecordingSettings = Pick<CallSettings, 'recordingEnabled' | 'recordingMaxDuration'>;

/** Observes a call. Called before the event of the change is sent. */
export interface CallWatcher {
  answered?(): void;
  ended?(cause: HangupCause): void;
  playDone?(playback: Playback): void;
  dtmf?(digit: string): void;
  /** An update changed settings of the recording. @param enabled undefined: unchanged */
  recordingChanged?(enabled: boolean | undefined): void;
}

export interface CallDeps {
  queue: EventQueue;
  timers: Timers;
  uris: Uris;
  /** Gets errors that no event reports. */
  errors: ErrorLog;
  internalErrors: InternalErrors;
  log: Logger;
}

/** The bridge of a call, from the view of the call. */
export interface BridgeOfCall {
  readonly id: string;
  readonly state: BridgeState;
  remove(call: Call): void;
}

/** A gather of a call, from the view of the call. */
export interface GatherOfCall {
  readonly id: string;
  readonly createdTime: Date;
  readonly completedTime: Date | undefined;
  readonly running: boolean;
  readonly reason: string | undefined;
  readonly digits: string;
  stop(): void;
}

export class Call implements LineListener {
  readonly id = newId('call');
  readonly startTime = new Date();
  activeTime: Date | undefined;
  endTime: Date | undefined;
  /** The last bridge that it joined. */
  bridge: BridgeOfCall | undefined;
  /** By id. */
  readonly gathers = new Map<string, GatherOfCall>();
  /** The first exception ends the call. */
  readonly internalErrors: InternalErrors;
  readonly timers: Timers;

  #state: CallState = 'started';
  #answering = false;
  /** A playback that starts once the line is up. */
  #waiting: Playback | undefined;
  #line: Line | undefined;
  #cancelTimeout: Cancel | undefined;
  readonly #events: CallEvents;
  readonly #watchers = new Set<CallWatcher>();

  constructor(
    readonly settings: CallSettings,
    private readonly deps: CallDeps,
  ) {
    this.internalErrors = deps.internalErrors.within({ callId: this.id }, () => this.#crash());
    this.timers = timersWithin(deps.timers, this.internalErrors);
    this.#events = createCallEvents(this.id, deps.uris.absolute(`calls/${this.id}`), deps.queue);
  }

  /** Oldest first. */
  get events(): readonly CallEvent[] {
    return this.#events.sent;
  }

  get state(): CallState {
    return this.#state;
  }

  get over(): boolean {
    return isOver(this.#state);
  }

  /** Whether the call has sound. */
  get up(): boolean {
    return this.#state === 'active' || this.#state === 'transferring';
  }

  /** The sound of the far end; undefined if there is none. */
  get party(): Party | undefined {
    return this.#line?.party;
  }

  /** Whether it rings and has no `answer` command yet. */
  get waiting(): boolean {
    return this.#state === 'started' && !this.#answering;
  }

  /** Attaches the line, and starts the timer of `callTimeout`. */
  attach(line: Line): void {
    this.#line = line;
    const { direction, from, to } = this.settings;
    this.deps.log.info(
      { event: 'call-started', callId: this.id, direction, from, to, state: this.#state },
      'call started',
    );
    this.#cancelTimeout = this.timers.after(this.settings.callTimeout * 1000, () => this.#timeOut());
  }

  watch(watcher: CallWatcher): void {
    this.#watchers.add(watcher);
  }

  unwatch(watcher: CallWatcher): void {
    this.#watchers.delete(watcher);
  }

  // Commands

  /** Answers an incoming call. It becomes active when the line reports it. */
  answer(): void {
    this.#mustNotBeOver();
    if (this.up) return;
    if (this.settings.direction === 'out') throw this.#invalid('is outgoing: only an incoming call can be answered');
    if (this.#answering) return;
    this.#answering = true;
    this.#line?.answer();
  }

  /** @param cause the cause for the caller */
  reject(cause: RejectCause = 'CALL_REJECTED'): void {
    this.#mustNotBeOver();
    if (this.settings.direction === 'out' || this.up)
      throw this.#invalid('is not a ringing incoming call: only such a call can be rejected');
    this.#endFromHere(cause, 'rejected');
  }

  /** @param cause default: the cause of a hang-up in this state */
  hangUp(cause?: HangupCause): void {
    this.#mustNotBeOver();
    const cancelled = this.settings.direction === 'out' ? 'ORIGINATOR_CANCEL' : 'CALL_REJECTED';
    this.#endFromHere(cause ?? (this.up ? 'NORMAL_CLEARING' : cancelled), 'ended');
  }

  /** Ends the call because the platform shuts down. Idempotent. */
  stop(): void {
    if (!this.over) this.#endFromHere('NORMAL_TEMPORARY_FAILURE', 'ended', 'platform-stopped');
  }

  /** Plays to the far end. During the answer the playback waits until the call is up. */
  play(playback: Playback): void {
    this.mustHaveAudio();
    if (this.up) this.#line?.play(playback);
    else this.#waiting = playback;
  }

  stopPlay(): void {
    this.mustHaveAudio();
    this.#waiting = undefined;
    this.#line?.stopPlay();
  }

  sendDtmf(digits: string): void {
    this.mustHaveAudio();
    this.#line?.sendDtmf(digits);
  }

  setRecording({ recordingEnabled, recordingMaxDuration }: RecordingSettings): void {
    if (recordingEnabled === undefined && recordingMaxDuration === undefined) return;
    this.settings.recordingEnabled = recordingEnabled ?? this.settings.recordingEnabled;
    this.settings.recordingMaxDuration = recordingMaxDuration ?? this.settings.recordingMaxDuration;
    this.#tell((watcher) => watcher.recordingChanged?.(recordingEnabled));
  }

  /** Connects the sound of both far ends; undefined: disconnects it. */
  connect(other: Call | undefined): void {
    this.#line?.connect(other ? other.#line : undefined);
  }

  /** Marks the start of a transfer. @throws InvalidStateError if the call is not active */
  transferred(): void {
    this.#mustNotBeOver();
    if (!this.#move('transferred')) throw this.#invalid('is not active: only an active call can be transferred');
  }

  /** Marks a failed transfer. */
  returned(): void {
    this.#move('returned');
  }

  /**
   * Sends an event, with the tag of the call unless `fields` has one.
   * @returns (resolves) whether the event was delivered
   */
  emit(name: VoiceEventType, fields: EventFields): Promise<boolean> {
    const { tag, callback } = this.settings;
    return this.#events.send(name, { ...fields, tag: fields['tag'] ?? tag }, callback);
  }

  /** Sends an event like `emit`, without a result. */
  announce(name: VoiceEventType, fields: EventFields): void {
    this.internalErrors.guard('event', () => this.emit(name, fields))();
  }

  /** Resolves when all events so far are delivered or have failed. */
  settled(): Promise<void> {
    return this.#events.settled();
  }

  // Notifications of the line

  ringing(): void {
    this.deps.log.info({ event: 'call-ringing', callId: this.id }, 'call is ringing');
  }

  answered(): void {
    if (!this.#move('answered')) return;
    this.activeTime = new Date();
    this.#cancelTimeout?.();
    this.#tell((watcher) => watcher.answered?.());
    this.announce('answer', { ...this.#parties, callState: 'active' });
    if (this.#waiting) this.#line?.play(this.#waiting);
    this.#waiting = undefined;
  }

  ended(cause: HangupCause, detail?: HangupDetail): void {
    this.#end(cause, 'ended', detail);
  }

  playStarted(playback: Playback): void {
    if (this.over) return;
    this.announce(playback.kind, { status: 'started', ...stateOf(playback, 'PLAYBACK_START'), tag: playback.tag });
  }

  playDone(playback: Playback): void {
    if (this.over) return;
    this.announce(playback.kind, { status: 'done', ...stateOf(playback, 'PLAYBACK_STOP'), tag: playback.tag });
    this.#tell((watcher) => watcher.playDone?.(playback));
  }

  playFailed(playback: Playback, reason: string): void {
    if (this.over) return;
    this.deps.log.warn({ event: 'audio-not-played', callId: this.id, reason }, 'audio not played');
    this.deps.errors.record({
      category: 'unavailable',
      code: 'audio-failed',
      message: `Cannot play ${playback.kind === 'speak' ? 'a sentence' : playback.content} to the call ${this.id}: ${reason}`,
      details: [
        { name: 'callId', value: this.id },
        { name: 'reason', value: reason },
      ],
    });
    // An application may wait for the end of the playback. Others ignore the extension `outcome`.
    const state = stateOf(playback, 'PLAYBACK_STOP');
    this.announce(playback.kind, { status: 'done', ...state, outcome: 'failed', tag: playback.tag });
    this.#tell((watcher) => watcher.playDone?.(playback));
  }

  dtmf(digit: string): void {
    if (this.over) return;
    this.announce('dtmf', { dtmfDigit: digit });
    this.#tell((watcher) => watcher.dtmf?.(digit));
  }

  get #parties(): { from: string; to: string } {
    return { from: this.settings.from, to: this.settings.to };
  }

  #timeOut(): void {
    // The documentation has `timeout` for outgoing calls only. An incoming call just ends.
    if (this.settings.direction === 'out') this.announce('timeout', this.#parties);
    this.#endFromHere('NO_ANSWER', 'ended');
  }

  #endFromHere(cause: HangupCause, signal: CallSignal, detail?: HangupDetail): void {
    runAll(
      () => this.#line?.hangUp(cause),
      () => this.#end(cause, signal, detail),
    );
  }

  #crash(): void {
    if (!this.over) this.#endFromHere('NORMAL_TEMPORARY_FAILURE', 'ended');
  }

  #end(cause: HangupCause, signal: CallSignal, detail?: HangupDetail): void {
    if (!this.#move(signal, cause)) return;
    this.endTime = new Date();
    this.#cancelTimeout?.();
    this.#tell((watcher) => watcher.ended?.(cause));
    this.#watchers.clear();
    this.#line = undefined;
    this.announce('hangup', { ...this.#parties, cause, causeDetail: detail });
  }

  /** @returns false if the state does not allow the signal */
  #move(signal: CallSignal, cause?: HangupCause): boolean {
    const next = nextCallState(this.#state, signal);
    if (next === undefined) return false;
    this.deps.log.info(
      { event: 'call-state', callId: this.id, state: next, before: this.#state, cause },
      'call state changed',
    );
    this.#state = next;
    return true;
  }

  #tell(what: (watcher: CallWatcher) => void): void {
    // An exception of one watcher must not affect the others and the event of the call.
    const guarded = this.internalErrors.guard('call watcher', what);
    for (const watcher of [...this.#watchers]) guarded(watcher);
  }

  #mustNotBeOver(): void {
    if (this.over) throw new CallEndedError(this.id);
  }

  /** @throws InvalidStateError if the call is not active and not being answered */
  mustHaveAudio(): void {
    if (!this.up && !this.#answering) throw this.#invalid(this.over ? 'has ended' : 'has not been answered');
    if (this.over) throw this.#invalid('has ended');
  }

  #invalid(what: string): InvalidStateError {
    return new InvalidStateError('call-invalid-state', `The call ${this.id} ${what}`);
  }
}

function stateOf(playback: Playback, state: string): EventFields {
  return playback.kind === 'speak' ? { state } : {};
}
