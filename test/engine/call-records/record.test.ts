/** What a call record says: one line of JSON whatever comes in, and times that a clock that is set does not spoil. */
import * as fc from 'fast-check';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { createRecordOutbox } from '../../../src/engine/call-records/outbox';
import { printRecord, recordOf, type CallRecord } from '../../../src/engine/call-records/record';
import { createMemoryStore } from '../../../src/store/memory-store';
import { summaryOf, type SessionSummary } from '../../../src/engine/summary';
import {
  CALLEE,
  CALLER,
  answerOf,
  flush,
  endOf,
  offerOf,
  recordingLog,
  testEngine,
  willingControl,
} from '../../helpers/builders';
import { endedFlow } from '../../store/contract';

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('\n', '\r', '\u0085', '\u2028', '\u2029', '\ud800', '\0', '"', '\\', '=', ',', '☎', '😀'),
  }),
  fc.constantFrom('__proto__', 'constructor', 'toString', '"}\n{"id":"r-1"}', '=HYPERLINK("http://x")'),
);

it('a record is one line of JSON that says what came in, whatever that is', async () => {
  await fc.assert(
    fc.asyncProperty(text, text, text, async (id, from, to) => {
      const flow = endedFlow(id, 2_000, { incoming: { from, to } });
      const line = printRecord(recordOf(summaryOf(flow), (at) => at));
      expect(JSON.parse(line)).toMatchObject({ sessionId: id, from, to, reason: 'completed' });
      const lines: string[] = [];
      for await (const each of createInterface({ input: Readable.from([`${line}\n${line}\n`]) })) lines.push(each);
      expect(lines).toHaveLength(2);
      // What Unicode and other languages take for the end of a line.
      expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
    }),
  );
});

describe('a clock that is set during a call', () => {
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }));
  afterEach(() => jest.useRealTimers());

  const START = Date.parse('2026-03-01T12:00:00Z');
  const HOUR = 3_600_000;

  it.each([
    ['an hour ahead', HOUR],
    ['an hour back', -HOUR],
    ['to 1970', -START],
  ])('%s leaves the seconds as they were, and the times are those of the clock', async (_, jump) => {
    jest.setSystemTime(START);
    const store = createMemoryStore();
    const written: CallRecord[] = [];
    const records = createRecordOutbox({
      store,
      records: {
        write: (summary: SessionSummary) => void written.push(recordOf(summary, (at) => store.wallTime(at))),
        close: () => Promise.resolve(),
        waiting: 0,
      },
      log: recordingLog().log,
    });
    const { engine, lines } = testEngine({ store, control: willingControl(), records, now: () => store.now() });
    const passed = async (ms: number) => {
      await flush();
      jest.advanceTimersByTime(ms);
    };
    await engine.receive(offerOf());
    await passed(3_000);
    jest.setSystemTime(Date.now() + jump / 2);
    await engine.receive(answerOf(CALLEE, { correlation: CALLER }));
    await passed(1_000);
    await engine.receive(answerOf(CALLER));
    await passed(20_000);
    jest.setSystemTime(Date.now() + jump / 2);
    await engine.receive(endOf(CALLER));
    await flush();
    await flush();
    const end = new Date(START + 24_000 + jump).toISOString();
    const start = new Date(START + jump).toISOString();
    const told = { ringSeconds: 3, talkSeconds: 20, startedAt: start, endedAt: end, reason: 'completed' };
    expect(written).toEqual([expect.objectContaining(told)]);
    expect(lines.find(({ event }) => event === 'session.ended')).toMatchObject({ ...told, ms: 24_000 });
  });
});
