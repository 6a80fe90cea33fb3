/** What the log says about each session, however it goes. */
import { RefusedError } from '../../src/providers/errors';
import { summaryOf } from '../../src/engine/summary';
import type { Flow } from '../../src/flows/flow';
import {
  CALLEE,
  CALLER,
  ENDPOINT,
  NUMBER,
  PSTN,
  answerOf,
  endOf,
  offerOf,
  speechOf,
  testEngine,
  willingControl,
  type TestEngine,
} from '../helpers/builders';

/** Dials, and is answered after 4.2 s; both talk from 0.5 s later on. */
async function bridged({ engine, clock }: TestEngine): Promise<void> {
  await engine.receive(offerOf());
  clock.now += 4_200;
  await engine.receive(answerOf(CALLEE, { correlation: CALLER }));
  clock.now += 500;
  await engine.receive(answerOf(CALLER));
}

const engineOf = (): TestEngine => testEngine({ control: willingControl() });
const sessionEnded = ({ line }: TestEngine) => line(({ event }) => event === 'session.ended');

describe('a session in the log', () => {
  it('begins with who calls whom', async () => {
    const parts = engineOf();
    await parts.engine.receive(offerOf(), 'req-1');
    expect(parts.lines.find(({ event }) => event === 'session.started')).toMatchObject({
      sessionId: CALLER,
      kind: 'bridge-legs',
      direction: 'sip-to-pstn',
      from: ENDPOINT,
      to: PSTN,
      dialledFrom: NUMBER,
      dialledTo: PSTN,
      endpoint: ENDPOINT,
      callerCallId: CALLER,
      phase: 'dialling',
      requestId: 'req-1',
    });
  });

  it.each([
    ['caller', CALLER],
    ['callee', CALLEE],
  ])('ends with its times, its calls, and the %s who hung up', async (hungUpBy, callId) => {
    const parts = engineOf();
    await bridged(parts);
    parts.clock.now += 61_000;
    await parts.engine.receive(endOf(callId));
    expect(await sessionEnded(parts)).toMatchObject({
      sessionId: CALLER,
      kind: 'bridge-legs',
      direction: 'sip-to-pstn',
      from: ENDPOINT,
      to: PSTN,
      endpoint: ENDPOINT,
      callerCallId: CALLER,
      calleeCallId: CALLEE,
      reason: 'completed',
      hungUpBy,
      ringSeconds: 4.2,
      talkSeconds: 61,
    });
  });

  it('that comes from outside has the phone that rings as its endpoint', async () => {
    const parts = engineOf();
    await parts.engine.receive(offerOf({ from: PSTN, to: NUMBER }));
    await parts.engine.receive(endOf(CALLEE, 'busy', { correlation: CALLER }));
    expect(await sessionEnded(parts)).toMatchObject({
      direction: 'pstn-to-sip',
      endpoint: ENDPOINT,
      reason: 'busy',
      hungUpBy: 'callee',
      calleeCause: 'busy',
      talkSeconds: 0,
    });
  });

  it('that is refused is logged too', async () => {
    const parts = engineOf();
    await parts.engine.receive(offerOf({ from: PSTN, to: '+15550009999' }));
    expect(await sessionEnded(parts)).toMatchObject({
      direction: 'unroutable',
      reason: 'unroutable',
      from: PSTN,
      to: '+15550009999',
      hungUpBy: 'tandem',
      ringSeconds: 0,
      talkSeconds: 0,
    });
  });

  it('whose caller gives up, and one that Tandem ends', async () => {
    const gaveUp = engineOf();
    await gaveUp.engine.receive(offerOf());
    gaveUp.clock.now += 3_000;
    await gaveUp.engine.receive(endOf(CALLER, 'cancelled'));
    expect(await sessionEnded(gaveUp)).toMatchObject({ reason: 'caller-gave-up', hungUpBy: 'caller', ringSeconds: 3 });
    const ended = engineOf();
    await bridged(ended);
    await ended.engine.end(CALLER);
    expect(await sessionEnded(ended)).toMatchObject({ reason: 'ended-by-request', hungUpBy: 'tandem' });
  });

  it('speak-and-hang-up: Tandem hangs up, unless the callee leaves first', async () => {
    const request = { id: 'f-1', from: NUMBER, to: ENDPOINT, callTimeout: 30, speech: { sentence: 'Hi' } };
    const spoken = engineOf();
    await spoken.engine.speak(request);
    spoken.clock.now += 2_000;
    await spoken.engine.receive(answerOf(CALLEE, { correlation: 'f-1' }));
    spoken.clock.now += 1_500;
    await spoken.engine.receive(speechOf(CALLEE, 'done'));
    expect(await sessionEnded(spoken)).toMatchObject({
      direction: 'to-sip',
      from: NUMBER,
      to: ENDPOINT,
      endpoint: ENDPOINT,
      reason: 'completed',
      hungUpBy: 'tandem',
      ringSeconds: 2,
      talkSeconds: 1.5,
    });
    const left = engineOf();
    await left.engine.speak(request);
    await left.engine.receive(answerOf(CALLEE, { correlation: 'f-1' }));
    await left.engine.receive(endOf(CALLEE));
    expect(await sessionEnded(left)).toMatchObject({ reason: 'callee-left', hungUpBy: 'callee' });
  });

  it('never has a leg that could not be hung up without saying so', async () => {
    const control = willingControl();
    control.on('hang-up', () => Promise.reject(new RefusedError(400, 'x', 'x', 'no')));
    const parts = testEngine({ control });
    await bridged(parts);
    await parts.engine.receive(endOf(CALLEE));
    expect(await sessionEnded(parts)).toMatchObject({ givenUp: true, hungUpBy: 'callee' });
  });

  it('is counted by direction, outcome and side, and its times by direction', async () => {
    const parts = engineOf();
    await bridged(parts);
    parts.clock.now += 61_000;
    await parts.engine.receive(endOf(CALLER));
    await sessionEnded(parts);
    const text = await parts.metrics.render();
    expect(text).toContain(
      'tandem_flows_ended_total{kind="bridge-legs",direction="sip-to-pstn",outcome="completed",hung_up_by="caller"} 1',
    );
    expect(text).toContain('tandem_talk_seconds_sum{direction="sip-to-pstn"} 61');
    expect(text).toContain('tandem_ring_seconds_sum{direction="sip-to-pstn"} 4.2');
  });
});

describe('a summary', () => {
  it('is made of a state whose timeline is lost', async () => {
    const parts = engineOf();
    await bridged(parts);
    const flow = { ...(await parts.store.get(CALLER)), timeline: [], phase: 'ended', endedAt: 5 } as unknown as Flow;
    expect(summaryOf(flow)).toMatchObject({ ringSeconds: 0, talkSeconds: 0, hungUpBy: 'tandem' });
  });
});
