/** Plays sounds to a far end, in packets of 20 ms at the pace of the clock. */
import type { InternalErrors } from '../support/internal-errors';
import { messageOf } from '../support/errors';
import type { Logger } from '../support/logger';
import type { Playback } from './playback';
import { SAMPLES_PER_PACKET, type PacketSink } from './audio';
import type { Clock } from './clock';
import { encodedSound } from './encoded-sound';
import type { CreatePlayer, Player, PlayerListener } from './player';
import type { Sounds } from './create-sounds';

export interface AudioPlayerDeps {
  clock: Clock;
  sounds: Pick<Sounds, 'load'>;
  log: Logger;
}

export function audioPlayers(deps: AudioPlayerDeps): CreatePlayer {
  return (listener, write, internalErrors) => createAudioPlayer(deps, listener, write, internalErrors);
}

interface Playing {
  playback: Playback;
  /** Aborts loading when the playback is stopped or replaced. */
  loading: AbortController;
  /** Stops the ticks; undefined while the sound is loading. */
  stopTicks?: () => void;
  started: boolean;
}

/**
 * A playback that is stopped while it is loading is reported as started and done, because the caller may wait for its
 * end.
 */
function createAudioPlayer(
  { clock, sounds, log }: AudioPlayerDeps,
  listener: PlayerListener,
  write: PacketSink,
  internalErrors: InternalErrors,
): Player {
  let playing: Playing | undefined;
  // Pending notifications in order. They are never sent synchronously from `play` or `stop`.
  let pending: (() => void)[] = [];

  const notify = (): void => {
    for (const one of pending.splice(0)) one();
  };
  /** @returns the playback that was ended */
  const end = (): Playing | undefined => {
    const ended = playing;
    playing = undefined;
    ended?.stopTicks?.();
    ended?.loading.abort();
    return ended;
  };
  const abandon = (): void => {
    end();
    pending = [];
  };
  const stop = (): void => {
    const stopped = end();
    if (!stopped) return;
    const { playback, started } = stopped;
    if (!started) pending.push(() => listener.playStarted(playback));
    pending.push(() => listener.playDone(playback));
    setImmediate(internalErrors.guard('player', notify));
  };

  const start = (current: Playing, samples: Int16Array): void => {
    const { playback } = current;
    const sound = encodedSound(samples, playback.volume);
    const stream = {};
    let position = 0; // in the sound
    let packets = 0;
    const tick = (): void => {
      if (!current.started) {
        notify(); // the end of the previous playback comes first
        if (playing !== current) return;
      }
      if (position >= samples.length) {
        current.stopTicks?.();
        playing = undefined;
        return listener.playDone(playback);
      }
      write({
        kind: 'audio',
        codec: 'PCMU',
        payload: sound.payload(position, playback.loop),
        stream,
        sequence: packets & 0xffff,
        timestamp: (packets * SAMPLES_PER_PACKET) >>> 0,
        marker: packets === 0,
      });
      packets += 1;
      position += SAMPLES_PER_PACKET;
      if (playback.loop) position %= samples.length;
      if (current.started) return;
      current.started = true;
      listener.playStarted(playback);
    };
    current.stopTicks = clock.everyPacket(tick, (error) => internalErrors.report(error, { where: 'player' }));
  };

  return {
    play(playback) {
      stop();
      const current: Playing = { playback, started: false, loading: new AbortController() };
      playing = current;
      sounds
        .load(playback, current.loading.signal)
        .then(
          (samples) => playing === current && start(current, samples),
          (error: unknown) => {
            if (playing !== current) return;
            playing = undefined;
            notify();
            log.warn({ event: 'playback-failed', err: error, kind: playback.kind }, 'playback failed');
            listener.playFailed(playback, messageOf(error));
          },
        )
        .catch((error: unknown) => internalErrors.report(error, { where: 'player' }));
    },
    stop,
    abandon,
  };
}
