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
  requests: number;
}

export function createSharedLoads(): SharedLoads {
  const loading = new Map<string, Load>();

  const begin = (key: string, make: Make): Load => {
    const giveUp = new AbortController();
    const sound = make(giveUp.signal).finally(() => {
      if (loading.get(key) === load) loading.delete(key);
    });
    const load: Load = { sound, giveUp, requests: 0 };
    loading.set(key, load);
    return load;
  };

  return {
    load(key, make, signal) {
      const load = loading.get(key) ?? begin(key, make);
      load.requests += 1;
      const cancel = (): void => {
        load.requests -= 1;
        if (load.requests > 0) return;
        // Later requests start a new load.
        if (loading.get(key) === load) loading.delete(key);
        load.giveUp.abort(cancelledError());
      };
      signal?.addEventListener('abort', cancel, { once: true });
      return load.sound;
    },
    close() {
      for (const { giveUp } of loading.values()) giveUp.abort(closedError());
    },
  };
}
