import { createRetention } from '../../src/platform/retention';
import { world, type World } from './support/harness';

const NEVER_ANSWERS = '+15550000002';

const open: World[] = [];

beforeEach(() => jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'queueMicrotask'] }));
afterEach(async () => {
  jest.useRealTimers();
  for (const each of open.splice(0)) await each.close();
});

it('removes the oldest items above the maximum', () => {
  const forgotten: number[] = [];
  const retention = createRetention<number>({ max: 2, ageMs: 1000 }, (item) => forgotten.push(item));
  for (const item of [1, 2, 3, 4]) retention.add(item);
  expect(forgotten).toEqual([1, 2]);
});

it('removes items above the maximum age', () => {
  const forgotten: number[] = [];
  const retention = createRetention<number>({ max: 100, ageMs: 1000 }, (item) => forgotten.push(item));
  retention.add(1);
  jest.advanceTimersByTime(600);
  retention.add(2);
  jest.advanceTimersByTime(600);
  retention.add(3);
  expect(forgotten).toEqual([1]);
});

it('limits ended calls, bridges, far ends and errors of a platform, but not active ones', async () => {
  jest.useRealTimers();
  const w = await world({ retention: { max: 3, ageMs: 3_600_000 } });
  open.push(w);
  w.app.reply = () => 500;
  const live = await w.dial(NEVER_ANSWERS);
  for (let i = 0; i < 6; i++) {
    const id = await w.dial(NEVER_ANSWERS);
    expect((await w.v1.post('/bridges', { callIds: [id] })).status).toBe(201);
    await w.v1.post(`/calls/${id}`, { state: 'completed' });
    await w.app.next('hangup', (event) => event['callId'] === id);
  }
  expect((await w.v1.get('/calls')).body).toHaveLength(4);
  expect((await w.v1.get(`/calls/${live}`)).body).toMatchObject({ state: 'started' });
  expect((await w.sandbox.get('/calls')).body).toHaveLength(4);
  expect((await w.v1.get('/bridges')).body).toHaveLength(3);
  expect((await w.v1.get('/errors')).body.length).toBeLessThanOrEqual(3);
});
