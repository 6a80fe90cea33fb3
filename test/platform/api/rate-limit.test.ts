import { createCallRateLimit } from '../../../src/platform/api/rate-limit';
import { CallRateLimitError } from '../../../src/platform/errors';
import { NUMBER, world, type Answer, type World } from '../support/harness';

describe('the limit of new calls', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('allows ten calls of a number at once, and then one a second', () => {
    const limit = createCallRateLimit();
    for (let i = 0; i < 10; i++) limit.take('+15551112222');
    expect(() => limit.take('+15551112222')).toThrow(CallRateLimitError);
    limit.take('+15551113333'); // another number has its own
    jest.advanceTimersByTime(9_999);
    expect(() => limit.take('+15551112222')).toThrow(CallRateLimitError);
    jest.advanceTimersByTime(1);
    limit.take('+15551112222');
  });
});

describe('with rateLimits', () => {
  let w: World;
  beforeEach(async () => {
    w = await world({ rateLimits: true });
  });
  afterEach(() => w.close());

  it('the eleventh call in ten seconds is a 403 call-rate-limit', async () => {
    for (let i = 0; i < 10; i++) await w.dial('+15550000002');
    const { status, body } = await w.v1.post('/calls', { from: NUMBER, to: '+15552223333' });
    expect([status, body.category, body.code]).toEqual([403, 'limit', 'call-rate-limit']);
  });

  it('too many requests to one endpoint are a 429 with the reset time, but not to others', async () => {
    const sixty = () => Promise.all(Array.from({ length: 60 }, (_, i) => w.v1.get(`/calls/c-${i}`)));
    let refused: Answer | undefined;
    // On a slow machine a second may pass in between, so that no request is refused.
    for (let i = 0; i < 20 && !refused; i++) refused = (await sixty()).find(({ status }) => status === 429);
    expect(refused?.body).toMatchObject({ category: 'limit', code: 'rate-limit-reached' });
    const reset = Number(refused?.headers.get('x-ratelimit-reset'));
    expect(reset - Date.now()).toBeLessThanOrEqual(1000);
    expect((await w.v1.get('/bridges')).status).toBe(200);
  });
});
