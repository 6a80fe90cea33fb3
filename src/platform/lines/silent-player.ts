import { timersWithin, type Cancel, type Timers } from '../../support/timers';
import { playbackMs, type SimulationTiming } from './behaviour';
import type { CreatePlayer, Player, PlayerListener } from '../../media/player';
import type { Playback } from '../../media/playback';

/** A player without sound, which takes the same time as a playback. For platforms without media. */
export function silentPlayers(timers: Timers, timing: SimulationTiming): CreatePlayer {
  return (listener, _hear, internalErrors) =>
    createSilentPlayer(timersWithin(timers, internalErrors), timing, listener);
}

function createSilentPlayer(timers: Timers, timing: SimulationTiming, listener: PlayerListener): Player {
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
