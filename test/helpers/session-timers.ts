/** A phone's session timer (RFC 4028), moved on by hand: the platform asks the phone whether it is still there. */
import { setImmediate } from 'node:timers/promises';

/** Headers of the phone's 200: the platform refreshes the session, every 45 s. */
export const REFRESHED_BY_PLATFORM = ['Require: timer', 'Session-Expires: 90;refresher=uac'];

/** `setTimeout` goes on by itself as before, and can be moved on; nothing else changes. Ends with `jest.useRealTimers`. */
export function fakeTimeouts(): void {
  jest.useFakeTimers({
    doNotFake: [
      ...(['Date', 'hrtime', 'nextTick', 'performance', 'queueMicrotask'] as const),
      ...(['setImmediate', 'clearImmediate', 'setInterval', 'clearInterval'] as const),
    ],
    advanceTimers: true,
  });
}

/** It is time for a refresh. */
export async function refreshSession(): Promise<void> {
  await setImmediate();
  jest.advanceTimersByTime(45_000);
}
