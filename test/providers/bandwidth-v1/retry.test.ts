import fc from 'fast-check';
import { NotWantedError, RefusedError, ReplyLostError, UnreachableError } from '../../../src/providers/errors';
import {
  pause,
  rateLimitReset,
  retryDelay,
  withRetries,
  type Pause,
  type RetryPolicy,
} from '../../../src/providers/bandwidth-v1/retry';

const NOW = 1_700_000_000_000;
const once: RetryPolicy = { unreachable: 5, lost: 1, passing: 5, refused: 1, longestPauseMs: 20_000 };
const repeatable: RetryPolicy = { ...once, lost: 5 };
const stubborn: RetryPolicy = { ...repeatable, refused: 5 };
const refused = (status: number, code = 'x', retryAt?: number) => new RefusedError(status, code, 'c', 'm', retryAt);
const delay = (error: unknown, policy = once, tries = 1, random = 0.5) => retryDelay(error, policy, tries, NOW, random);

describe('the retry policy', () => {
  it.each([
    ['429', refused(429)],
    ['409', refused(409, 'call-update-conflict')],
    ['503', refused(503, 'call-unavailable')],
    ['403 call-rate-limit', refused(403, 'call-rate-limit')],
    ['a platform that cannot be reached', new UnreachableError('x')],
  ])('%s: again, even what must not be repeated', (_, error) => {
    expect(delay(error)).toBe(100);
    expect(delay(error, repeatable)).toBe(100);
  });

  it('409 because of the state of the call: final', () => {
    expect(delay(refused(409, 'call-invalid-state'))).toBeUndefined();
  });

  it.each([400, 401, 402, 403, 404, 413, 422])('%i: final, unless it has to happen', (status) => {
    expect(delay(refused(status), once)).toBeUndefined();
    expect(delay(refused(status), repeatable)).toBeUndefined();
    expect(delay(refused(status), stubborn)).toBe(100);
  });

  it('a lost reply: again only what may be repeated', () => {
    expect(delay(new ReplyLostError('x'), once)).toBeUndefined();
    expect(delay(new ReplyLostError('x', { status: 500 }), once)).toBeUndefined();
    expect(delay(new ReplyLostError('x'), repeatable)).toBe(100);
  });

  it.each([
    ['a fault of ours', new TypeError('x')],
    ['no longer wanted', new NotWantedError()],
    ['no error', 'x'],
  ])('%s: never again', (_, error) => expect(delay(error, stubborn)).toBeUndefined());

  it('waits twice as long each time, at most twenty seconds', () => {
    const many = { ...repeatable, passing: 50 };
    const waits = [1, 2, 3, 4, 8, 9, 49].map((tries) => delay(refused(503), many, tries));
    expect(waits).toEqual([100, 200, 400, 800, 12_800, 20_000, 20_000]);
  });

  it('spreads the wait over a quarter to either side', () => {
    expect(delay(refused(503), once, 1, 0)).toBe(75);
    expect(delay(refused(503), once, 1, 1)).toBe(125);
  });

  it('ends with the last attempt', () => {
    expect(delay(refused(503), once, 4)).toBe(800);
    expect(delay(refused(503), once, 5)).toBeUndefined();
    expect(delay(refused(429, 'x', NOW + 10), once, 5)).toBeUndefined();
  });

  it('429 waits until its reset, at most a minute, and a little jitter', () => {
    expect(delay(refused(429, 'x', NOW + 3_000))).toBe(3_050);
    expect(delay(refused(429, 'x', NOW + 3_000), once, 3, 0)).toBe(3_000);
    expect(delay(refused(429, 'x', NOW - 5_000))).toBe(100);
    expect(delay(refused(429, 'x', NOW + 86_400_000))).toBe(60_050);
  });

  it('is never negative and never more than a minute and the jitter', () => {
    const errors = fc.oneof(
      fc.record({ status: fc.integer({ min: 300, max: 599 }), at: fc.option(fc.integer(), { nil: undefined }) }),
    );
    fc.assert(
      fc.property(
        errors,
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (e, tries, random) => {
          const ms = retryDelay(
            refused(e.status, 'x', e.at),
            { ...stubborn, passing: 60, refused: 60 },
            tries,
            NOW,
            random,
          );
          expect(ms ?? 0).toBeGreaterThanOrEqual(0);
          expect(ms ?? 0).toBeLessThanOrEqual(60_100);
        },
      ),
    );
  });
});

describe('X-RateLimit-Reset', () => {
  it.each([
    ['1700000000', 1_700_000_000_000],
    ['1700000000.5', 1_700_000_000_500],
    ['1700000000123', 1_700_000_000_123],
    ['0', undefined],
    ['', undefined],
    ['Infinity', undefined],
    ['tomorrow', undefined],
    [undefined, undefined],
  ])('%s is %s', (header, at) => expect(rateLimitReset(header)).toBe(at));
});

describe('withRetries', () => {
  const live = () => new AbortController().signal;
  /** Waits no time, and tells how long it should have been. */
  function noting(): { wait: Pause; waits: number[] } {
    const waits: number[] = [];
    return { waits, wait: (ms) => (waits.push(ms), Promise.resolve()) };
  }
  function failing(times: number, error: Error): { attempt: () => Promise<string>; tries: () => number } {
    let tries = 0;
    return { attempt: () => (++tries <= times ? Promise.reject(error) : Promise.resolve('done')), tries: () => tries };
  }

  it('sends once where it succeeds at once', async () => {
    const { wait, waits } = noting();
    const { attempt, tries } = failing(0, refused(503));
    expect([await withRetries(attempt, once, live(), wait), tries(), waits]).toEqual(['done', 1, []]);
  });

  it('sends again until it succeeds', async () => {
    const { wait, waits } = noting();
    const { attempt, tries } = failing(3, refused(503));
    expect([await withRetries(attempt, once, live(), wait), tries()]).toEqual(['done', 4]);
    expect(waits).toHaveLength(3);
    for (const [i, ms] of waits.entries()) {
      expect(ms).toBeGreaterThanOrEqual(75 * 2 ** i);
      expect(ms).toBeLessThanOrEqual(125 * 2 ** i);
    }
  });

  it('gives up with the error of the last attempt', async () => {
    const { wait } = noting();
    const { attempt, tries } = failing(99, refused(503));
    await expect(withRetries(attempt, once, live(), wait)).rejects.toMatchObject({ status: 503 });
    expect(tries()).toBe(5);
  });

  it('gives up at once on what is final', async () => {
    const { wait, waits } = noting();
    const { attempt, tries } = failing(99, refused(400));
    await expect(withRetries(attempt, repeatable, live(), wait)).rejects.toMatchObject({ status: 400 });
    expect([tries(), waits]).toEqual([1, []]);
  });

  it('sends nothing that is not wanted any more', async () => {
    const { attempt, tries } = failing(0, refused(503));
    await expect(withRetries(attempt, once, AbortSignal.abort())).rejects.toBeInstanceOf(NotWantedError);
    expect(tries()).toBe(0);
  });

  it('stops waiting when it is not wanted any more', async () => {
    const { attempt, tries } = failing(99, refused(429, 'x', Date.now() + 50_000));
    const controller = new AbortController();
    const result = withRetries(attempt, once, controller.signal);
    await Promise.resolve();
    controller.abort('no longer wanted');
    await expect(result).rejects.toBeInstanceOf(NotWantedError);
    expect(tries()).toBe(1);
  });
});

describe('pause', () => {
  it('lasts as long as it should', async () => {
    const before = performance.now();
    await pause(20, new AbortController().signal);
    expect(performance.now() - before).toBeGreaterThanOrEqual(18);
  });

  it('is over at once where nobody wants it', async () => {
    await expect(pause(60_000, AbortSignal.abort())).rejects.toBeInstanceOf(NotWantedError);
  });
});
