import type { Cancel, Timers } from '../timers';
import { playbackMs, type SimulationTiming } from './behaviour';
import type { Playback } from './line';

export interface Player {
  play(playback: Playback): void;
  /** Ends the playback; it counts as done. */
  stop(): void;
  /** Ends the playback without a word: the line is gone. */
  abandon(): void;
}

export interface PlayerListener {
  playStarted(playback: Playback): void;
  playDone(playback: Playback): void;
}

/** Plays nothing at all, but takes the time that it would take. */
export function createPlayer(timers: Timers, timing: SimulationTiming, listener: PlayerListener): Player {
  let playing: { playback: Playback; started: boolean } | undefined;
  let cancel: Cancel | undefined;

  const abandon = (): void => {
    cancel?.();
    playing = undefined;
  };
  const stop = (): void => {
    const stopped = playing;
    abandon();
    if (stopped?.started) timers.after(0, () => listener.playDone(stopped.playback));
  };
  return {
    play(playback) {
      stop();
      const current = { playback, started: false };
      playing = current;
      cancel = timers.after(0, () => {
        current.started = true;
        listener.playStarted(playback);
        if (playback.loop || playing !== current) return;
        cancel = timers.after(playbackMs(playback, timing), () => {
          playing = undefined;
          listener.playDone(playback);
        });
      });
    },
    stop,
    abandon,
  };
}
