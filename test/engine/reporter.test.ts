/** What the log says about each session, however it goes. */
import { RefusedError } from '../../src/providers/bandwidth-v1/errors';
import { summaryOf } from '../../src/engine/summary';
import type { Flow } from '../../src/flows/flow';
import {
  CALLEE,
  CALLER,
  ENDPOINT,
  NUMBER,
  PSTN,
  answerOf,
  hangupOf,
  incomingCall,
  speakOf,
  testEngine,
  willingClient,
  type TestEngine,
} from '../helpers/builders';

/** Dials, and is answered after 4.2 s; both talk from 0.5 s later on. */
async function bridged({ engine, clock }: TestEngine): Promise<void> {
  await engine.receive(incomingCall());
  clock.now += 4_200;
  await engine.receive(answerOf(CALLEE, { tag: CALLER }));
  clock.now += 500;
  await engine.receive(answerOf(CALLER));
}

const engineOf = (): TestEngine => testEngine({ client: willingClient() });
const endOf = ({ line }: TestEngine) => line(({ event }) => event === 'session.ended');

describe('a session in the log', () => {
  it('begins with who calls whom', async () => {
    const parts = engineOf();
    await parts.engine.receive(incomingCall(), 'req-1');
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
    await parts.engine.receive(hangupOf(callId));
    expect(await endOf(parts)).toMatchObject({
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
    await parts.engine.receive(incomingCall({ from: PSTN, to: NUMBER }));
    await parts.engine.receive(hangupOf(CALLEE, 'USER_BUSY', { tag: CALLER }));
    expect(await endOf(parts)).toMatchObject({
      direction: 'pstn-to-sip',
      endpoint: ENDPOINT,
      reason: 'busy',
      hungUpBy: 'callee',
      calleeCause: 'USER_BUSY',
      talkSeconds: 0,
    });
  });

  it('that is refused is logged too', async () => {
    const parts = engineOf();
    await parts.engine.receive(incomingCall({ from: PSTN, to: '+15550009999' }));
    expect(await endOf(parts)).toMatchObject({
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
    await gaveUp.engine.receive(incomingCall());
    gaveUp.clock.now += 3_000;
    await gaveUp.engine.receive(hangupOf(CALLER, 'ORIGINATOR_CANCEL'));
    expect(await endOf(gaveUp)).toMatchObject({ reason: 'caller-gave-up', hungUpBy: 'caller', ringSeconds: 3 });
    const ended = engineOf();
    await bridged(ended);
    await ended.engine.end(CALLER);
    expect(await endOf(ended)).toMatchObject({ reason: 'ended-by-request', hungUpBy: 'tandem' });
  });

  it('speak-and-hang-up: Tandem hangs up, unless the callee leaves first', async () => {
    const request = { id: 'f-1', from: NUMBER, to: ENDPOINT, callTimeout: 30, speech: { sentence: 'Hi' } };
    const spoken = engineOf();
    await spoken.engine.speak(request);
    spoken.clock.now += 2_000;
    await spoken.engine.receive(answerOf(CALLEE, { tag: 'f-1' }));
    spoken.clock.now += 1_500;
    await spoken.engine.receive(speakOf(CALLEE, 'done'));
    expect(await endOf(spoken)).toMatchObject({
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
    await left.engine.receive(answerOf(CALLEE, { tag: 'f-1' }));
    await left.engine.receive(hangupOf(CALLEE));
    expect(await endOf(left)).toMatchObject({ reason: 'callee-left', hungUpBy: 'callee' });
  });

  it('never has a leg that could not be hung up without saying so', async () => {
    const client = willingClient();
    client.hangUp = () => Promise.reject(new RefusedError(400, 'x', 'x', 'no'));
    const parts = testEngine({ client });
    await bridged(parts);
    await parts.engine.receive(hangupOf(CALLEE));
    expect(await endOf(parts)).toMatchObject({ givenUp: true, hungUpBy: 'callee' });
  });

  it('is counted by direction, outcome and side, and its times by direction', async () => {
    const parts = engineOf();
    await bridged(parts);
    parts.clock.now += 61_000;
    await parts.engine.receive(hangupOf(CALLER));
    await endOf(parts);
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
