/** LRU cache of sounds with a limit in bytes. */

export interface SoundCache<Sound extends { samples: Int16Array }> {
  get(key: string): Sound | undefined;
  /** Adds or replaces a sound. A sound of more than a quarter of the limit is not cached. */
  set(key: string, sound: Sound): void;
  delete(key: string): void;
  clear(): void;
  readonly bytes: number;
}

export function createSoundCache<Sound extends { samples: Int16Array }>(maxBytes: number): SoundCache<Sound> {
  // A Map iterates in insertion order, so the least recently used key is the first.
  const sounds = new Map<string, Sound>();
  let bytes = 0;
  const remove = (key: string): Sound | undefined => {
    const sound = sounds.get(key);
    if (sound) {
      sounds.delete(key);
      bytes -= sound.samples.byteLength;
    }
    return sound;
  };
  return {
    get(key) {
      const sound = remove(key);
      if (!sound) return undefined;
      sounds.set(key, sound);
      bytes += sound.samples.byteLength;
      return sound;
    },
    set(key, sound) {
      remove(key);
      if (sound.samples.byteLength > maxBytes / 4) return;
      sounds.set(key, sound);
      bytes += sound.samples.byteLength;
      for (const oldest of sounds.keys()) {
        if (bytes <= maxBytes) break;
        remove(oldest);
      }
    },
    delete: (key) => void remove(key),
    clear() {
      sounds.clear();
      bytes = 0;
    },
    get bytes() {
      return bytes;
    },
  };
}
