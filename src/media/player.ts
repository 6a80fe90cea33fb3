/** Playing to a far end, as a line does it (`Line.play`): the seam; `audio-player.ts` plays sound, `lines/silent-player.ts` only takes the time. */
import type { InternalErrors } from '../support/internal-errors';
import type { Playback } from './playback';
import type { PacketSink } from './audio';

export interface Player {
  /** Plays, in place of what is being played. */
  play(playback: Playback): void;
  /** Ends the playback; it counts as done. */
  stop(): void;
  /** Ends the playback without a word: the line is gone. */
  abandon(): void;
}

export interface PlayerListener {
  /** The first packet goes out. */
  playStarted(playback: Playback): void;
  /** The last packet's time is over, or it was stopped. */
  playDone(playback: Playback): void;
  /** It could not be played at all: the file is not there, is no audio, …; in place of both others. */
  playFailed(playback: Playback, reason: string): void;
}

/**
 * A player for one far end.
 * @param hear where the sound goes
 * @param internalErrors those of the call that the far end is in
 */
export type CreatePlayer = (listener: PlayerListener, hear: PacketSink, internalErrors: InternalErrors) => Player;
