/** Posts call records to a URL, signed, with retries. Nothing waits for it. */
import { messageOf } from '../../support/errors';
import { createInternalErrors, type InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import { createBacklog, type Waiting } from './backlog';
import type { CountRecord, Sink } from './sink';
import { SIGNATURE_HEADER, signatureOf } from './signature';

export interface PosterOptions {
  url: string;
  secret: string;
  log: Logger;
  count: CountRecord;
  internalErrors?: InternalErrors | undefined;
  /** How many records wait. */
  limit?: number;
  /** How long one try may take, ms. */
  timeoutMs?: number;
  /** The pause after a failure, ms: it doubles up to a minute. */
  pauseMs?: number;
}

const AT_ONCE = 4;
const LONGEST_PAUSE_MS = 60_000;
const CLOSING_PAUSE_MS = 500;
/** Older records are given up, ms. */
const MAX_AGE_MS = 86_400_000;

export function createRecordPoster(options: PosterOptions): Sink {
  const { log, count, limit, pauseMs: firstPauseMs = 1_000 } = options;
  const { internalErrors = createInternalErrors(log) } = options;
  const backlog = createBacklog({ sink: 'url', log, count, limit });
  const workers = new Set<Promise<void>>();
  const aborted = new AbortController();
  let closing = false;
  let pauseMs = firstPauseMs;
  let pause: Promise<void> | undefined;
  let endPause: () => void = () => undefined;

  /** All workers wait: the URL is asked again later. */
  function startPause(): void {
    if (pause) return;
    const timer = new Promise<void>((resolve) => {
      endPause = resolve;
      setTimeout(resolve, closing ? CLOSING_PAUSE_MS : pauseMs).unref();
    });
    pause = timer.finally(() => (pause = undefined));
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
  }

  async function work(): Promise<void> {
    for (;;) {
      await pause;
      const record = aborted.signal.aborted ? undefined : backlog.take();
      if (!record) return;
      const failure = await post(record, options, aborted.signal);
      if (!failure) {
        backlog.done(record);
        pauseMs = firstPauseMs;
      } else if (!failure.retry || performance.now() - record.addedAt > MAX_AGE_MS) {
        backlog.giveUp(record, failure.why);
      } else {
        backlog.putBack(record);
        if (aborted.signal.aborted) return;
        backlog.failed(failure.why);
        startPause();
      }
    }
  }

  function pump(): void {
    for (let free = Math.min(AT_ONCE - workers.size, backlog.size); free > 0; free--) {
      const worker: Promise<void> = work()
        .catch((error: unknown) => internalErrors.report(error, { where: 'call records' }))
        .finally(() => workers.delete(worker));
      workers.add(worker);
    }
  }

  return {
    get waiting() {
      return backlog.size;
    },
    write(id, text, settled) {
      backlog.add(id, text, settled);
      pump();
    },
    async close(ms) {
      closing = true;
      const giveUp = internalErrors.guard('call records', () => {
        aborted.abort();
        endPause();
      });
      const timer = setTimeout(giveUp, ms).unref();
      endPause();
      await Promise.all(workers);
      clearTimeout(timer);
      backlog.abandon();
    },
  };
}

/** @returns undefined: delivered */
async function post(
  { id, text }: Waiting,
  { url, secret, timeoutMs = 5_000 }: PosterOptions,
  aborted: AbortSignal,
): Promise<{ why: string; retry: boolean } | undefined> {
  const signature = signatureOf(secret, text, Math.floor(Date.now() / 1_000));
  const headers = { 'content-type': 'application/json', 'idempotency-key': id, [SIGNATURE_HEADER]: signature };
  try {
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), aborted]);
    const reply = await fetch(url, { method: 'POST', body: text, headers, redirect: 'manual', signal });
    await reply.body?.cancel();
    if (reply.ok) return undefined;
    const retry = reply.status >= 500 || [408, 425, 429].includes(reply.status);
    return { why: `HTTP status ${reply.status}`, retry };
  } catch (error) {
    return { why: causeOf(error), retry: true };
  }
}

/** fetch hides the reason in `cause`. */
function causeOf(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
}
