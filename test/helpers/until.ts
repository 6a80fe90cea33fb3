import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 10;

/**
 * Waits until an expectation holds of what goes on by itself.
 * @throws what it throws last, where it does not hold in time
 */
export async function until(expectation: () => void, withinMs = 20_000): Promise<void> {
  for (const deadline = Date.now() + withinMs; ; await sleep(LOOK_EVERY_MS)) {
    try {
      return expectation();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}
