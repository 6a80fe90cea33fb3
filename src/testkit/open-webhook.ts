/** Checks whether the app accepts events without credentials. */
import { createPoster } from './platform/post-event';

const TIMEOUT_MS = 5_000;

/**
 * Sends the hangup event of an unknown call to `appUrl`, without credentials. Such an event has no effect on the app.
 * @returns the status if the app accepted the event; undefined if it refused it
 */
export async function acceptedWithoutCredentials(appUrl: string, method: 'GET' | 'POST'): Promise<number | undefined> {
  const url = new URL(appUrl);
  url.username = url.password = '';
  const time = new Date().toISOString();
  const body = {
    eventType: 'hangup',
    callId: 'c-kit-unknown',
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
