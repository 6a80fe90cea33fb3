import { startTicker } from '../../src/engine/ticker';
import { StoreUnavailableError } from '../../src/store/errors';
import { recordingLog } from '../helpers/builders';

describe('the ticker', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('ticks at its pace until it is closed', async () => {
    const tick = jest.fn(() => Promise.resolve());
    const ticker = startTicker(200, tick, recordingLog().log, 'waking');
    await jest.advanceTimersByTimeAsync(199);
    expect(tick).toHaveBeenCalledTimes(0);
    await jest.advanceTimersByTimeAsync(1);
    expect(tick).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(400);
    expect(tick).toHaveBeenCalledTimes(3);
    ticker.close();
    await jest.advanceTimersByTimeAsync(2_000);
    expect(tick).toHaveBeenCalledTimes(3);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('waits for a slow tick: no two at a time', async () => {
    let finish = (): void => undefined;
    const tick = jest.fn(() => new Promise<void>((resolve) => (finish = resolve)));
    const ticker = startTicker(200, tick, recordingLog().log, 'waking');
    await jest.advanceTimersByTimeAsync(1_000);
    expect(tick).toHaveBeenCalledTimes(1);
    finish();
    await jest.advanceTimersByTimeAsync(200);
    expect(tick).toHaveBeenCalledTimes(2);
    ticker.close();
  });

  it('does not log a tick that fails because everything is closed', async () => {
    const { log, lines } = recordingLog();
    let fail = (_error: Error): void => undefined;
    const ticker = startTicker(200, () => new Promise<void>((_, reject) => (fail = reject)), log, 'waking');
    await jest.advanceTimersByTimeAsync(200);
    ticker.close();
    fail(new Error('The store is closed'));
    await jest.advanceTimersByTimeAsync(200);
    expect(lines).toEqual([]);
  });

  it('warns where the store is away: the outage is its own error', async () => {
    const { log, lines } = recordingLog();
    const ticker = startTicker(200, () => Promise.reject(new StoreUnavailableError('out of reach')), log, 'waking');
    await jest.advanceTimersByTimeAsync(200);
    ticker.close();
    expect(lines).toEqual([expect.objectContaining({ event: 'tick-failed', level: 40 })]);
  });

  it('logs a tick that fails, and goes on', async () => {
    const { log, lines } = recordingLog();
    const errors = ['store is down', 'store is full'];
    const tick = jest.fn(() => Promise.reject(new Error(errors.shift())));
    const ticker = startTicker(200, tick, log, 'waking');
    await jest.advanceTimersByTimeAsync(400);
    expect(tick).toHaveBeenCalledTimes(2);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatchObject({ level: 50, err: 'store is down', event: 'tick-failed', task: 'waking' });
    expect(lines[1]).toMatchObject({ level: 50, err: 'store is full', event: 'tick-failed', task: 'waking' });
    ticker.close();
  });

  it('logs a tick that throws at once, and goes on', async () => {
    const { log, lines } = recordingLog();
    const tick = jest.fn((): Promise<void> => {
      throw new Error('broken');
    });
    const ticker = startTicker(200, tick, log, 'waking');
    await jest.advanceTimersByTimeAsync(400);
    ticker.close();
    expect(tick).toHaveBeenCalledTimes(2);
    expect(lines).toEqual([expect.objectContaining({ event: 'tick-failed', level: 50, err: 'broken' })]);
  });

  it('logs a failure that goes on once a minute, and a new one at once', async () => {
    const { log, lines } = recordingLog();
    let isDown = true;
    const tick = jest.fn(() => (isDown ? Promise.reject(new Error('store is down')) : Promise.resolve()));
    const ticker = startTicker(200, tick, log, 'waking');
    await jest.advanceTimersByTimeAsync(60_000);
    expect(tick).toHaveBeenCalledTimes(300);
    expect(lines).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(lines).toHaveLength(2);
    isDown = false;
    await jest.advanceTimersByTimeAsync(200);
    isDown = true;
    await jest.advanceTimersByTimeAsync(200);
    expect(lines).toHaveLength(3);
    ticker.close();
  });

  it('does not tick again when it is closed during a tick', async () => {
    let finish = (): void => undefined;
    const tick = jest.fn(() => new Promise<void>((resolve) => (finish = resolve)));
    const ticker = startTicker(200, tick, recordingLog().log, 'waking');
    await jest.advanceTimersByTimeAsync(200);
    ticker.close();
    finish();
    await jest.advanceTimersByTimeAsync(2_000);
    expect(tick).toHaveBeenCalledTimes(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});
