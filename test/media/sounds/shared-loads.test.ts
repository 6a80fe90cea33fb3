import { createSharedLoads, type Make, type SharedLoads } from '../../../src/media/sounds/shared-loads';

const sound = Int16Array.of(1);

let loads: SharedLoads;
let made: AbortSignal[];
let finish: (samples: Int16Array) => void;
beforeEach(() => {
  loads = createSharedLoads();
  made = [];
});

const make: Make = (signal) => {
  made.push(signal);
  return new Promise((resolve, reject) => {
    finish = resolve;
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
};
const load = (signal?: AbortSignal): Promise<Int16Array> => loads.load('a', make, signal);

it('loads once for concurrent requests, and again for later ones', async () => {
  const both = [load(), load()];
  finish(sound);
  expect(await Promise.all(both)).toEqual([sound, sound]);
  void load();
  expect(made).toHaveLength(2);
});

it('aborts when the last request is cancelled, not before', async () => {
  const [one, two] = [new AbortController(), new AbortController()];
  const both = [load(one.signal), load(two.signal)];
  one.abort();
  expect(made[0]?.aborted).toBe(false);
  two.abort();
  expect(made[0]?.aborted).toBe(true);
  for (const each of both) await expect(each).rejects.toMatchObject({ code: 'sounds-cancelled' });
});

it('loads again for a request that arrives during the abort', async () => {
  const one = new AbortController();
  const given = load(one.signal);
  one.abort();
  const next = load();
  finish(sound);
  expect(await next).toBe(sound);
  await expect(given).rejects.toMatchObject({ code: 'sounds-cancelled' });
  expect(made).toHaveLength(2);
});

it('does not abort while a request without a signal waits', () => {
  const one = new AbortController();
  void load();
  void load(one.signal);
  one.abort();
  expect(made[0]?.aborted).toBe(false);
});

it('ignores cancellation after the load', async () => {
  const one = new AbortController();
  const given = load(one.signal);
  finish(sound);
  await given;
  const next = load();
  one.abort();
  finish(sound);
  expect(await next).toBe(sound);
});

it('aborts on close', async () => {
  const given = load();
  loads.close();
  await expect(given).rejects.toMatchObject({ code: 'sounds-closed' });
});
