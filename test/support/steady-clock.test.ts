/** When the system clock is set, nothing ends and nothing is refused because of it. */
import { createMemoryStore } from '../../src/store/memory-store';
import { createCallRateLimit } from '../../src/platform/api/rate-limit';
import { createDomains } from '../../src/platform/resources/domains';
import { createRetention } from '../../src/platform/retention';
import { createNonces, NONCE_LIFETIME_MS } from '../../src/sip/digest/nonces';
import { createSteadyClock, wallTime } from '../../src/support/steady-clock';

const HOUR = 3_600_000;
const START = new Date('2026-11-23T09:00:00Z').getTime();

beforeEach(() => jest.useFakeTimers({ now: START }));
afterEach(() => jest.useRealTimers());

const jump = (ms: number): void => void jest.setSystemTime(Date.now() + ms);

describe.each([HOUR, -HOUR, 24 * HOUR, -24 * HOUR])('a clock that jumps by %d ms', (ms) => {
  it('does not affect the steady clock', () => {
    const now = createSteadyClock();
    expect(now()).toBe(START);
    jest.advanceTimersByTime(1_500);
    jump(ms);
    expect(now()).toBe(START + 1_500);
    expect(wallTime(START, now())).toBe(START + ms);
  });

  it('wakes sessions of the memory store in time, and shows the right times', () => {
    const store = createMemoryStore();
    const before = store.now();
    jump(ms);
    jest.advanceTimersByTime(5_000);
    expect(store.now() - before).toBe(5_000);
    expect(store.wallTime(store.now())).toBe(Date.now());
  });

  it('keeps ended sessions for the configured time', () => {
    const forgotten: number[] = [];
    const retention = createRetention<number>({ max: 10, ageMs: 1_000 }, (item) => forgotten.push(item));
    retention.add(1);
    jump(ms);
    retention.add(2);
    expect(forgotten).toEqual([]);
    jest.advanceTimersByTime(1_000);
    retention.add(3);
    expect(forgotten).toEqual([1, 2]);
  });

  it('does not refuse calls below the rate limit', () => {
    const limit = createCallRateLimit();
    for (let i = 0; i < 10; i++) limit.take('+15551112222');
    jump(ms);
    jest.advanceTimersByTime(10_000);
    expect(() => limit.take('+15551112222')).not.toThrow();
  });

  it('keeps nonces and tokens valid for their lifetime', () => {
    const nonces = createNonces();
    const nonce = nonces.issue('192.0.2.1');
    const domains = createDomains(() => undefined);
    const domain = domains.create('d');
    const endpoint = domains.addEndpoint(domain, { name: 'bob', enabled: true, password: 'zanzibar' });
    domains.addToken(endpoint, 60);
    jump(ms);
    jest.advanceTimersByTime(59_000);
    domains.addToken(endpoint, 60);
    expect(endpoint.tokens).toHaveLength(2);
    expect(nonces.isCurrent(nonce, '192.0.2.1')).toBe(true);
    jest.advanceTimersByTime(1_000);
    domains.addToken(endpoint, 60);
    expect(endpoint.tokens).toHaveLength(2);
    jest.advanceTimersByTime(NONCE_LIFETIME_MS);
    expect(nonces.isCurrent(nonce, '192.0.2.1')).toBe(false);
  });
});

it('a difference of milliseconds is not a jump', () => {
  const now = createSteadyClock();
  jump(400);
  expect(wallTime(START, now())).toBe(START);
});
