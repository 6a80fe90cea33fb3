/** One making of a sound for all who want it at the same time; given up when nobody wants it any more. */
import { cancelledError, closedError } from './errors';

export type Make = (signal: AbortSignal) => Promise<Int16Array>;

export interface SharedLoads {
  /**
   * @param make is not called where the sound is being made already
   * @param signal whoever asks wants it no longer
   */
  load(key: string, make: Make, signal?: AbortSignal): Promise<Int16Array>;
  /** Gives up all that is under way. */
  close(): void;
}

interface Load {
  readonly sound: Promise<Int16Array>;
  readonly giveUp: AbortController;
  wantedBy: number;
}

export function createSharedLoads(): SharedLoads {
  const underWay = new Map<string, Load>();

  const begin = (key: string, make: Make): Load => {
    const giveUp = new AbortController();
    const sound = make(giveUp.signal).finally(() => {
      if (underWay.get(key) === load) underWay.delete(key);
    });
    const load: Load = { sound, giveUp, wantedBy: 0 };
    underWay.set(key, load);
    return load;
  };

  return {
    load(key, make, signal) {
      const load = underWay.get(key) ?? begin(key, make);
      load.wantedBy += 1;
      const leave = (): void => {
        load.wantedBy -= 1;
        if (load.wantedBy > 0) return;
        // Who comes later begins anew.
        if (underWay.get(key) === load) underWay.delete(key);
        load.giveUp.abort(cancelledError());
      };
      signal?.addEventListener('abort', leave, { once: true });
      return load.sound;
    },
    close() {
      for (const { giveUp } of underWay.values()) giveUp.abort(closedError());
    },
  };
}
