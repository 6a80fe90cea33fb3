import type { CallSnapshot, LiveCall } from '../../src/calls/outcomes';
import { createRecovery, type Recovery } from '../../src/engine/recovery';
import type { FlowStore } from '../../src/store/store';
import { legsOf } from '../../src/flows/flow';
import { createMemoryStore } from '../../src/store/memory-store';
import {
  CALLEE,
  CALLER,
  ENDPOINT,
  LIMITS,
  NUMBER,
  PLAN,
  PSTN,
  fakeControl,
  endOf,
  offerOf,
  testEngine,
  type EngineOptions,
  type FakeControl,
} from '../helpers/builders';
import { ReplyLostError } from '../../src/providers/errors';

const WEBHOOK = 'https://tandem.example/webhooks/voice';

/** The phone's own leg, as the platform shows it. */
const caller = (over: Partial<LiveCall> = {}): LiveCall => ({
  id: CALLER,
  direction: 'in',
  state: 'ringing',
  from: ENDPOINT,
  to: PSTN,
  callbackUrl: WEBHOOK,
  ...over,
});
/** The leg that Tandem dialled for it. */
const callee = (over: Partial<LiveCall> = {}): LiveCall => ({
  id: CALLEE,
  direction: 'out',
  state: 'ringing',
  from: NUMBER,
  to: PSTN,
  correlation: CALLER,
  callbackUrl: WEBHOOK,
  ...over,
});

function onLook(control: FakeControl, state: (callId: string) => Promise<CallSnapshot['state']>): void {
  control.on('look', async (command) => {
    const callId = 'callId' in command ? command.callId : '';
    return { callId, state: await state(callId) };
  });
}

function scene(live: LiveCall[], { store = createMemoryStore() }: EngineOptions = {}) {
  // As the control shows them: whoever was dialled for a caller has its id as tag.
  const liveCalls = live.map((call) =>
    live.some(({ correlation }) => correlation === call.id) ? { ...call, dialledFor: true as const } : call,
  );
  const control = fakeControl({ 'list-live': liveCalls });
  onLook(control, (callId) => Promise.resolve(live.find(({ id }) => id === callId)?.state ?? 'ended'));
  const parts = testEngine({ control, store });
  const recovery: Recovery = createRecovery({
    ...parts,
    lines: () => PLAN.lines,
    limits: LIMITS,
    callbackUrl: () => 'https://user:password@tandem.example/webhooks/voice',
    graceMs: 0,
    ringingGraceMs: 0,
  });
  const hungUp = (): unknown[] =>
    control.asked.filter(({ name }) => name === 'hang-up' || name === 'reject').map(({ argument }) => argument);
  return { ...parts, recovery, hungUp };
}

describe('a leg that belongs to no flow', () => {
  it.each([
    ['dialled by Tandem, ringing', callee()],
    ['dialled by Tandem, up', callee({ state: 'answered' })],
    ['of a phone of LINES that called', caller()],
    ['of somebody who called a number of LINES', caller({ from: '+12223334444', to: NUMBER })],
    ['of a phone, on a platform that shows no URL', caller({ callbackUrl: undefined })],
    ['that was answered, as somebody was dialled for it', caller({ state: 'answered', dialledFor: true })],
  ])('%s: is hung up, counted, and told', async (_, leg) => {
    const { recovery, hungUp, metrics, lines } = scene([leg]);
    await recovery.run();
    expect(hungUp()).toEqual([leg.id]);
    expect(await metrics.render()).toContain('tandem_orphans_reaped_total 1');
    expect(lines).toContainEqual(expect.objectContaining({ level: 40, callId: leg.id }));
  });

  it.each([
    ['dialled by Tandem', callee({ state: 'answered' }), [{ role: 'callee', callId: CALLEE }], 'hang-up'],
    ['of a caller who rings', caller(), [{ role: 'caller', callId: CALLER }], 'reject'],
  ] as const)('%s: is recorded with its own numbers', async (_, leg, legs, command) => {
    const { recovery, control, store, metrics } = scene([leg]);
    await recovery.run();
    await control.last(command).done();
    const record = await store.get(leg.id);
    expect(record).toMatchObject({
      phase: 'ended',
      reason: 'orphan-reaped',
      direction: 'unknown',
      incoming: { from: leg.from, to: leg.to },
    });
    expect(legsOf(record!).filter(({ callId }) => callId !== undefined)).toEqual([expect.objectContaining(legs[0])]);
    expect(await metrics.render()).toMatch(/tandem_flows_ended_total{[^}]*outcome="orphan-reaped"[^}]*} 1/);
  });

  it('that is being hung up by an earlier look is left alone', async () => {
    const { recovery, hungUp } = scene([callee()]);
    await recovery.run();
    await recovery.run();
    expect(hungUp()).toEqual([CALLEE]);
  });

  it('that is up again and again is hung up each time', async () => {
    const { recovery, hungUp, control, store } = scene([callee()]);
    for (let looks = 0; looks < 3; looks++) {
      await recovery.run();
      await control.last('hang-up').done();
      // Its flow has forgotten the call, as one does that ended long ago.
      for (const id of [CALLEE, `${CALLEE}-orphan`])
        await store.update(id, (flow) => ({ flow: { ...flow, endedAt: 0 }, commands: [] }));
    }
    expect(hungUp()).toEqual([CALLEE, CALLEE, CALLEE]);
  });

  it.each([
    ['reports to somebody else', callee({ callbackUrl: 'https://other.example/webhooks/voice' })],
    ['reports to another path', caller({ callbackUrl: 'https://tandem.example/other' })],
    ['has no tag', callee({ correlation: undefined })],
    ['has a correlation, and says not where it reports to', callee({ callbackUrl: undefined })],
    ['was answered, and nobody was dialled for it, as behind a fallback number', caller({ state: 'answered' })],
    ['came in over no line of LINES', caller({ from: 'sip:other@elsewhere.example', to: '+15550000000' })],
  ])('and perhaps to somebody else, as it %s: is left alone', async (_, leg) => {
    const { recovery, hungUp } = scene([leg]);
    await recovery.run();
    expect(hungUp()).toEqual([]);
  });

  it('that is over by the second look is left alone', async () => {
    const { recovery, hungUp, control } = scene([callee()]);
    onLook(control, () => Promise.resolve('ended'));
    await recovery.run();
    expect(hungUp()).toEqual([]);
  });

  it('that rings has more time than the others: its incomingcall may be on its way, to the fallback URL too', async () => {
    const { recovery, hungUp, control, engine } = scene([
      caller(),
      callee({ id: 'c-orphan', correlation: 'c-another' }),
    ]);
    onLook(control, async (callId) => {
      if (callId === 'c-orphan') await engine.receive(offerOf());
      return 'ringing';
    });
    await recovery.run();
    expect(hungUp()).toEqual(['c-orphan']);
  });

  it('that rang, and was answered meanwhile though nobody was dialled for it, is left to whom has answered', async () => {
    const { recovery, hungUp, control } = scene([caller()]);
    onLook(control, () => Promise.resolve('answered'));
    await recovery.run();
    expect(hungUp()).toEqual([]);
  });

  it('that cannot be looked at keeps no other from being hung up, and is told', async () => {
    const { recovery, hungUp, control, lines } = scene([callee({ id: 'c-broken' }), callee()]);
    onLook(control, (callId) =>
      callId === 'c-broken' ? Promise.reject(new ReplyLostError('not that one')) : Promise.resolve('ringing'),
    );
    await recovery.run();
    expect(hungUp()).toEqual([CALLEE]);
    expect(lines).toContainEqual(expect.objectContaining({ level: 40, callId: 'c-broken', err: 'reply-lost' }));
  });

  it('that its flow, which has ended, does not know is hung up at once', async () => {
    const { recovery, hungUp, engine } = scene([callee()]);
    await engine.receive(endOf(CALLER)); // the flow of the pair was lost
    await recovery.run();
    expect(hungUp()).toEqual([CALLEE]);
  });

  it('whose flow has ended long ago is hung up, and not before', async () => {
    const memory = createMemoryStore();
    const time = { now: 1_700_000_000_000 };
    const store: FlowStore = { ...memory, now: () => time.now };
    const { recovery, hungUp, engine } = scene([caller()], { store });
    await engine.receive(endOf(CALLER));
    expect((await memory.get(CALLER))?.phase).toBe('ended');
    await recovery.run();
    expect(hungUp()).toEqual([]);
    time.now += 30_000;
    await recovery.run();
    expect(hungUp()).toEqual([CALLER]);
  });
});

describe('a leg of a live flow', () => {
  it('is left alone, whether its id is known by now or not', async () => {
    const { recovery, hungUp, engine } = scene([caller(), callee()]);
    await engine.receive(offerOf());
    await recovery.run();
    expect(hungUp()).toEqual([]);
  });
});

describe('a pair that talks', () => {
  const pair = [caller({ state: 'answered', bridgeId: 'brg-1' }), callee({ state: 'answered', bridgeId: 'brg-1' })];

  it('is kept, and ends as every other', async () => {
    const { recovery, hungUp, engine, store, control } = scene(pair);
    await recovery.run();
    expect(hungUp()).toEqual([]);
    expect(await store.get(CALLER)).toMatchObject({
      phase: 'bridged',
      direction: 'sip-to-pstn',
      bridgeId: 'brg-1',
      callee: { callId: CALLEE },
    });
    await engine.receive(endOf(CALLEE));
    expect(hungUp()).toEqual([CALLER]);
    await control.last('hang-up').done();
    expect(await store.get(CALLER)).toMatchObject({ phase: 'ended', reason: 'completed' });
  });

  it.each([
    ['are in two bridges', [pair[0]!, { ...pair[1]!, bridgeId: 'brg-2' }]],
    ['are in none', [caller({ state: 'answered' }), callee({ state: 'answered' })]],
  ])('counts as none where its legs %s: both are hung up', async (_, legs) => {
    const { recovery, hungUp } = scene(legs);
    await recovery.run();
    expect(hungUp()).toEqual([CALLER, CALLEE]);
  });
});

it('is done by one instance at a time', async () => {
  const store: FlowStore = { ...createMemoryStore(), claim: () => Promise.resolve(false) };
  const { recovery, control } = scene([callee()], { store });
  await recovery.run();
  expect(control.names()).toEqual([]);
});

it('tells a platform that cannot be asked, and rejects not', async () => {
  const { recovery, control, lines } = scene([]);
  control.listLive = () => Promise.reject(new Error('no list here'));
  await recovery.run();
  expect(lines).toContainEqual(expect.objectContaining({ level: 40, err: 'no list here' }));
});

it('that is closed hangs up nothing', async () => {
  const { recovery, hungUp } = scene([callee()]);
  recovery.close();
  await recovery.run();
  expect(hungUp()).toEqual([]);
});

it('looks once in a moment, however many events tell of unknown calls, and not when it is closed', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'performance', 'queueMicrotask'] });
  try {
    const { recovery, control } = scene([]);
    recovery.soon();
    recovery.soon();
    await jest.advanceTimersByTimeAsync(2_000);
    expect(control.names()).toEqual(['list-live']);
    recovery.soon();
    recovery.close();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(control.names()).toEqual(['list-live']);
  } finally {
    jest.useRealTimers();
  }
});

it('renews its claim for as long as it runs, and runs once at a time', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'performance', 'queueMicrotask'] });
  try {
    const claim = jest.fn(() => Promise.resolve(true));
    const { recovery, control } = scene([], { store: { ...createMemoryStore(), claim } });
    let listed = (_: LiveCall[]): void => undefined;
    const liveCalls = jest.fn(() => new Promise<LiveCall[]>((resolve) => (listed = resolve)));
    control.listLive = liveCalls;
    const run = recovery.run();
    await recovery.run();
    await jest.advanceTimersByTimeAsync(30_000);
    expect(claim.mock.calls.length).toBeGreaterThanOrEqual(9);
    expect(liveCalls).toHaveBeenCalledTimes(1);
    listed([]);
    await run;
    claim.mockClear();
    await jest.advanceTimersByTimeAsync(30_000);
    expect(claim).not.toHaveBeenCalled();
  } finally {
    jest.useRealTimers();
  }
});
