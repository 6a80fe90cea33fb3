/** What every flow store must do. A store's own test calls this with a way to make an empty one. */
import request from 'supertest';
import type { FlowStore } from '../../src/store/store';
import type { BridgeLegsFlow, Decision, Flow, Phase } from '../../src/flows/flow';
import { beginSpeak } from '../../src/flows/speak-and-hang-up';
import { LIMITS, NUMBER, PSTN, fakeControl, testApp, type TestApp } from '../helpers/builders';

export interface StoreUnderTest {
  store: FlowStore;
  close: () => Promise<void>;
}

/** A pair of legs as a store sees it. */
export function pairFlow(id: string, over: Partial<BridgeLegsFlow> = {}): BridgeLegsFlow {
  return {
    kind: 'bridge-legs',
    id,
    direction: 'sip-to-pstn',
    incoming: { from: NUMBER, to: PSTN },
    phase: 'dialling',
    caller: { role: 'caller', callId: id, state: 'ringing' },
    callee: { role: 'callee', state: 'new' },
    bridgeTries: 0,
    createdAt: 1_000,
    limits: LIMITS,
    deadlineAt: Infinity,
    checkAt: Infinity,
    checkEvery: 0,
    wakeAt: Infinity,
    pending: [],
    seen: [],
    timeline: [],
    ...over,
  };
}

export function endedFlow(id: string, endedAt: number, over: Partial<BridgeLegsFlow> = {}): BridgeLegsFlow {
  return pairFlow(id, { phase: 'ended', reason: 'completed', endedAt, ...over });
}

const withPhase =
  (phase: Phase, over: Partial<BridgeLegsFlow> = {}) =>
  (flow: Flow): Decision => ({ flow: { ...(flow as BridgeLegsFlow), ...over, phase }, commands: [] });

export function describeFlowStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name}, as every flow store`, () => {
    let store: FlowStore;
    let close: StoreUnderTest['close'];
    beforeEach(async () => ({ store, close } = await open()));
    afterEach(() => close());

    describe('create', () => {
      it('keeps a flow as it is', async () => {
        const flow = pairFlow('c-1', { wakeAt: 5_000, timeline: [{ at: 1, what: 'begin', phase: 'dialling' }] });
        expect(await store.create(flow)).toBe(true);
        expect(await store.get('c-1')).toEqual(flow);
      });

      it('keeps a flow that never wants to be woken as one that never does', async () => {
        await store.create(pairFlow('c-1'));
        expect(await store.get('c-1')).toMatchObject({ wakeAt: Infinity, deadlineAt: Infinity });
      });

      it('says false and changes nothing where there is one of this id', async () => {
        await store.create(pairFlow('c-1', { createdAt: 1 }));
        expect(await store.create(pairFlow('c-1', { createdAt: 2 }))).toBe(false);
        expect((await store.get('c-1'))?.createdAt).toBe(1);
      });

      it('says false where there is an ended one of this id', async () => {
        await store.create(endedFlow('c-1', 2_000));
        expect(await store.create(pairFlow('c-1'))).toBe(false);
        expect((await store.get('c-1'))?.phase).toBe('ended');
      });

      it('says true once, however many ask at once', async () => {
        const created = await Promise.all(Array.from({ length: 20 }, () => store.create(pairFlow('c-1'))));
        expect(created.filter(Boolean)).toHaveLength(1);
      });
    });

    describe('starts with an Idempotency-Key', () => {
      const speech = { to: 'jsmith_mobile', sentence: 'Hello' };
      const start = (app: TestApp['app'], key: string, body: object = speech) =>
        request(app).post('/calls').set('idempotency-key', key).send(body);

      it('make one call, however many come at once, to whichever instance', async () => {
        const control = fakeControl();
        const apps = [testApp({ store, control }).app, testApp({ store, control }).app];
        const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => start(apps[i % 2]!, 'key 1')));
        expect(answers.map(({ status }) => status).sort()).toEqual([...Array<number>(19).fill(200), 201]);
        expect(new Set(answers.map(({ headers }) => headers['location'] as string)).size).toBe(1);
        expect(control.names()).toEqual(['dial']);
      });

      it('are distinguished by their keys, and by their bodies', async () => {
        const control = fakeControl();
        const { app } = testApp({ store, control });
        const first = await start(app, 'key 1');
        const other = await start(app, 'key 2');
        expect([first.status, other.status]).toEqual([201, 201]);
        expect(other.body.id).not.toBe(first.body.id);
        expect((await start(app, 'key 1', { ...speech, sentence: 'Bye' })).status).toBe(422);
        expect((await start(app, 'key 1')).body.id).toBe(first.body.id);
        expect(control.names()).toEqual(['dial', 'dial']);
      });
    });

    describe('update', () => {
      it('keeps the flow of the decision, and gives the decision back', async () => {
        await store.create(pairFlow('c-1'));
        const command = { type: 'hang-up', id: 'hang-up c-1', at: 1, callId: 'c-1' } as const;
        const decision = await store.update('c-1', (flow) => ({ ...withPhase('ending')(flow), commands: [command] }));
        expect(decision).toMatchObject({ flow: { id: 'c-1', phase: 'ending' }, commands: [command] });
        expect((await store.get('c-1'))?.phase).toBe('ending');
      });

      it('is undefined on a miss, and does not ask for a transition', async () => {
        const transition = jest.fn(withPhase('ending'));
        expect(await store.update('c-none', transition)).toBeUndefined();
        expect(transition).not.toHaveBeenCalled();
        expect(await store.get('c-none')).toBeUndefined();
      });

      it('is atomic: of many at once none is lost', async () => {
        await store.create(pairFlow('c-1'));
        const count = (flow: Flow): Decision => ({
          flow: { ...(flow as BridgeLegsFlow), bridgeTries: (flow as BridgeLegsFlow).bridgeTries + 1 },
          commands: [],
        });
        await Promise.all(Array.from({ length: 50 }, () => store.update('c-1', count)));
        expect(await store.get('c-1')).toMatchObject({ bridgeTries: 50 });
      });

      it('changes nothing where the decision has the flow that it was given', async () => {
        await store.create(pairFlow('c-1', { wakeAt: 1_000 }));
        const command = { type: 'hang-up', id: 'hang-up c-1', at: 1, callId: 'c-1' } as const;
        const same = (flow: Flow): Decision => ({ flow, commands: [command] });
        for (let i = 0; i < 2; i++) expect(await store.update('c-1', same)).toMatchObject({ commands: [command] });
        expect(await store.get('c-1')).toEqual(pairFlow('c-1', { wakeAt: 1_000 }));
      });

      it('works on ended flows too', async () => {
        await store.create(endedFlow('c-1', 2_000));
        await store.update('c-1', withPhase('ended', { bridgeId: 'late', endedAt: 2_000 }));
        expect(await store.get('c-1')).toMatchObject({ phase: 'ended', bridgeId: 'late' });
      });

      it('rejects where the transition throws, and leaves the flow as it was', async () => {
        await store.create(pairFlow('c-1'));
        const failing = async () =>
          store.update('c-1', () => {
            throw new Error('fault of ours');
          });
        await expect(failing()).rejects.toThrow('fault of ours');
        expect((await store.get('c-1'))?.phase).toBe('dialling');
      });
    });

    describe('idOfCall', () => {
      it('knows the calls of a flow, those too that it learns of later', async () => {
        await store.create(pairFlow('c-1'));
        expect(await store.idOfCall('c-1')).toBe('c-1');
        expect(await store.idOfCall('c-2')).toBeUndefined();
        await store.update(
          'c-1',
          withPhase('dialling', { callee: { role: 'callee', callId: 'c-2', state: 'ringing' } }),
        );
        expect(await store.idOfCall('c-2')).toBe('c-1');
        await store.update('c-1', withPhase('ended', { endedAt: 2_000 }));
        expect([await store.idOfCall('c-1'), await store.idOfCall('c-2')]).toEqual(['c-1', 'c-1']);
      });

      it('knows the call of a flow that Tandem began', async () => {
        const request = { id: 'f-1', from: NUMBER, to: PSTN, callTimeout: 30, speech: { sentence: 'Hi' } };
        await store.create(beginSpeak(request, LIMITS, 1).flow);
        expect([await store.idOfCall('f-1'), await store.idOfCall('c-1')]).toEqual([undefined, undefined]);
        await store.update('f-1', (flow) => ({
          flow: { ...flow, callee: { role: 'callee', callId: 'c-1', state: 'ringing' } },
          commands: [],
        }));
        expect(await store.idOfCall('c-1')).toBe('f-1');
      });

      it.each(['__proto__', 'constructor', ''])('knows nobody by the name of %j', async (id) => {
        expect(await store.idOfCall(id)).toBeUndefined();
        expect(await store.get(id)).toBeUndefined();
      });
    });

    describe('due', () => {
      it('gives the flows whose wakeAt has come', async () => {
        await store.create(pairFlow('c-past', { wakeAt: 999 }));
        await store.create(pairFlow('c-now', { wakeAt: 1_000 }));
        await store.create(pairFlow('c-future', { wakeAt: 1_001 }));
        await store.create(pairFlow('c-never'));
        expect((await store.due(1_000, 10)).sort()).toEqual(['c-now', 'c-past']);
      });

      it('gives no more than it is asked for', async () => {
        for (let i = 0; i < 5; i++) await store.create(pairFlow(`c-${i}`, { wakeAt: i }));
        expect(await store.due(1_000, 3)).toHaveLength(3);
        expect(await store.due(1_000, 0)).toHaveLength(0);
      });

      it('follows the flow: a later alarm, and none once it has ended', async () => {
        await store.create(pairFlow('c-1', { wakeAt: 1_000 }));
        await store.update('c-1', withPhase('dialling', { wakeAt: 2_000 }));
        expect(await store.due(1_500, 10)).toEqual([]);
        expect(await store.due(2_000, 10)).toEqual(['c-1']);
        await store.update('c-1', withPhase('ended', { wakeAt: 0, endedAt: 3_000 }));
        expect(await store.due(9_000, 10)).toEqual([]);
      });
    });

    describe('list', () => {
      beforeEach(async () => {
        await store.create(pairFlow('c-old', { createdAt: 1_000 }));
        await store.create(endedFlow('c-ended', 9_000, { createdAt: 3_000 }));
        await store.create(pairFlow('c-new', { createdAt: 4_000, phase: 'bridged' }));
        const request = { id: 'f-1', from: NUMBER, to: PSTN, callTimeout: 30, speech: { sentence: 'Hi' } };
        await store.create(beginSpeak(request, LIMITS, 2_000).flow);
      });
      const ids = async (filter: Parameters<FlowStore['list']>[0]) => (await store.list(filter)).map(({ id }) => id);

      it('is newest first, live and ended ones together', async () => {
        expect(await ids({ limit: 10 })).toEqual(['c-new', 'c-ended', 'f-1', 'c-old']);
      });
      it('is cut after the newest', async () => {
        expect(await ids({ limit: 2 })).toEqual(['c-new', 'c-ended']);
      });
      it('filters by phase, by kind, by both', async () => {
        expect(await ids({ phase: 'dialling', limit: 10 })).toEqual(['f-1', 'c-old']);
        expect(await ids({ phase: 'ended', limit: 10 })).toEqual(['c-ended']);
        expect(await ids({ kind: 'speak-and-hang-up', limit: 10 })).toEqual(['f-1']);
        expect(await ids({ kind: 'bridge-legs', phase: 'bridged', limit: 10 })).toEqual(['c-new']);
        expect(await ids({ kind: 'speak-and-hang-up', phase: 'ended', limit: 10 })).toEqual([]);
      });
      it('filters before it cuts', async () => {
        expect(await ids({ phase: 'dialling', limit: 1 })).toEqual(['f-1']);
      });
    });

    describe('countByPhase', () => {
      it('counts the flows that have not ended', async () => {
        expect([...(await store.countByPhase())]).toEqual([]);
        for (const id of ['c-1', 'c-2', 'c-3']) await store.create(pairFlow(id));
        await store.create(endedFlow('c-4', 2_000));
        await store.update('c-1', withPhase('bridged'));
        await store.update('c-2', withPhase('ended', { endedAt: 2_000 }));
        expect(Object.fromEntries(await store.countByPhase())).toEqual({ bridged: 1, dialling: 1 });
      });
    });

    describe('instances', () => {
      it('has a name, and is alive by it', () => {
        expect(store.instance).not.toBe('');
        expect(store.isAlive(store.instance)).toBe(true);
      });
      it('holds its lease while the store is within reach', () => {
        expect(store.holdsLease()).toBe(true);
      });
      it('has a clock that says epoch ms', () => {
        expect(Math.abs(store.now() - Date.now())).toBeLessThan(5_000);
        expect(Number.isInteger(store.now())).toBe(true);
      });
      it('lets work be claimed', async () => {
        expect(await store.claim('sweep', 1_000)).toBe(true);
        expect(await store.claim('other sweep', 1_000)).toBe(true);
        expect(await store.claim('sweep', 1_000)).toBe(true); // renewed
      });
    });

    it('can be reached', async () => {
      await expect(store.ping()).resolves.toBeUndefined();
    });
  });
}
