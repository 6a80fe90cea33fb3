/** Does the app take events from anybody? */
import { createPoster } from './platform/post-event';

const TIMEOUT_MS = 5_000;

/**
 * Sends an event as `--url` says, but without its credentials: the hang-up of a call that nobody knows, which is what the app
 * may get at any time, and can do nothing about.
 * @returns the status where the app took it
 */
export async function takenFromStrangers(appUrl: string, method: 'GET' | 'POST'): Promise<number | undefined> {
  const url = new URL(appUrl);
  url.username = url.password = '';
  const time = new Date().toISOString();
  const body = {
    eventType: 'hangup',
    callId: 'c-kit-stranger',
    callState: 'completed',
    cause: 'NORMAL_CLEARING',
    time,
  };
  const poster = createPoster();
  try {
    const answer = await poster.post({ url: url.href, method, body, timeoutMs: TIMEOUT_MS });
    return 'status' in answer && answer.status >= 200 && answer.status < 300 ? answer.status : undefined;
  } finally {
    poster.close();
  }
}

export const hasCredentials = (url: string): boolean => new URL(url).username !== '' || new URL(url).password !== '';
