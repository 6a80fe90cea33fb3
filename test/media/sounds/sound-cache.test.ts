import { createSoundCache } from '../../../src/media/sounds/sound-cache';

const sound = (bytes: number): { samples: Int16Array } => ({ samples: new Int16Array(bytes / 2) });

it('drops the least recently used sound when it is full', () => {
  const cache = createSoundCache(100);
  for (const key of ['a', 'b', 'c', 'd']) cache.set(key, sound(24));
  cache.get('a');
  cache.set('e', sound(24));
  expect(['a', 'b', 'c', 'd', 'e'].filter((key) => cache.get(key))).toEqual(['a', 'c', 'd', 'e']);
  expect(cache.bytes).toBe(96);
});

it('counts a replaced sound once', () => {
  const cache = createSoundCache(100);
  cache.set('a', sound(20));
  cache.set('a', sound(10));
  expect(cache.bytes).toBe(10);
  cache.delete('a');
  cache.delete('a');
  expect(cache.bytes).toBe(0);
});

it('does not cache a sound that is too large', () => {
  const cache = createSoundCache(100);
  cache.set('a', sound(26));
  expect(cache.get('a')).toBeUndefined();
  expect(cache.bytes).toBe(0);
});

it('clears', () => {
  const cache = createSoundCache(100);
  cache.set('a', sound(20));
  cache.clear();
  expect([cache.get('a'), cache.bytes]).toEqual([undefined, 0]);
});
