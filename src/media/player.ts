/**
 * Interface for playing sounds to a far end (`Line.play`). `audio-player.ts` plays audio, `lines/silent-player.ts` only
 * waits.
 */
import type { InternalErrors } from '../support/internal-errors';
import type { Playback } from './playback';
import type { PacketSink } from './audio';

export interface Player {
  /** Starts a playback, which replaces the current one. */
  play(playback: Playback): void;
  /** Ends the playback and reports it as done. */
  stop(): void;
  /** Ends the playback without notification, because the line has closed. */
  abandon(): void;
}

export interface PlayerListener {
  /** The first packet has been sent. */
  playStarted(playback: Playback): void;
  /** The playback has finished or was stopped. */
  playDone(playback: Playback): void;
  /** The playback failed, for example because the file was not found or is not audio. No other callback is called. */
  playFailed(playback: Playback, reason: string): void;
}

/**
 * Creates a player for one far end.
 * @param write receives the packets
 * @param internalErrors internal errors of the call
 */
export type CreatePlayer = (listener: PlayerListener, write: PacketSink, internalErrors: InternalErrors) => Player;
