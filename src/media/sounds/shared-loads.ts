/** Shares the loading of a sound between concurrent requests. Aborts it when all of them have been cancelled. */
import { cancelledError, closedError } from './errors';

export type Make = (signal: AbortSignal) => Promise<Int16Array>;

export interface SharedLoads {
  /**
   * @param make loads the sound. Not called if the sound is being loaded already.
   * @param signal cancels this request
   */
  load(key: string, make: Make, signal?: AbortSignal): Promise<Int16Array>;
  /** Aborts all loads. */
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
        // Later requests start a new load.
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
