import { startMedia } from '../../src/media';
import type { Clock } from '../../src/media/clock';
import type { Media, MediaLeg } from '../../src/media/media';
import { openFarEnd, portIn, sdpOf, type FarEndPort } from './support/far-end';
import { silentLog } from '../helpers/silent-log';

/** A clock that the test advances. */
class HandClock implements Clock {
  readonly ticks = new Set<() => void>();
  everyPacket(tick: () => void): () => void {
    this.ticks.add(tick);
    return () => void this.ticks.delete(tick);
  }
  tick(times: number): void {
    for (let i = 0; i < times; i += 1) for (const tick of this.ticks) tick();
  }
  close(): void {
    this.ticks.clear();
  }
}

const REAL = ['Date', 'hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const;

let clock: HandClock;
let media: Media;
let phone: FarEndPort;
let leg: MediaLeg;
let told: string[];

async function open(silenceSeconds: number): Promise<void> {
  media = startMedia({
    host: '127.0.0.1',
    advertise: (remote) => (remote === '127.0.0.1' ? '127.0.0.1' : '198.51.100.1'),
    silenceSeconds,
    clock,
    log: silentLog,
  });
  phone = await openFarEnd();
  leg = await media.open({ dtmf: (digit) => told.push(digit), silent: () => told.push('silent') });
}

beforeEach(() => {
  // Fake only the timers that count the silence. The sockets need the others.
  jest.useFakeTimers({ doNotFake: [...REAL, 'setTimeout', 'clearTimeout'] });
  clock = new HandClock();
  told = [];
});
afterEach(async () => {
  phone.close();
  await media.close();
  expect(jest.getTimerCount()).toBe(0);
  expect(clock.ticks.size).toBe(0);
  jest.useRealTimers();
});

it('advertises the address for the far end, as far as that is known', async () => {
  await open(0);
  expect(leg.offer()).toContain('c=IN IP4 198.51.100.1\r\n');
  leg.takeAnswer(sdpOf(phone.port));
  expect(leg.offer()).toContain('c=IN IP4 127.0.0.1\r\n');
});

it('starts nothing if the answer arrives after close', async () => {
  await open(0);
  leg.close();
  leg.answer(sdpOf(phone.port));
  expect(clock.ticks.size).toBe(0);
});

describe('comfort', () => {
  it('is sent once a second after negotiation, and not while the call is held', async () => {
    await open(0);
    jest.advanceTimersByTime(5_000);
    leg.answer(sdpOf(phone.port));
    jest.advanceTimersByTime(1_000);
    leg.answer(sdpOf(phone.port, { direction: 'sendonly' }));
    jest.advanceTimersByTime(5_000);
    leg.answer(sdpOf(phone.port, { formats: '8' }));
    jest.advanceTimersByTime(1_100);
    const heard = await Promise.all(Array.from({ length: 3 }, () => phone.next()));
    expect(heard.map(({ payloadType }) => payloadType)).toEqual([0, 8, 8]);
    expect(heard.map(({ sequence }) => (sequence - heard[0]!.sequence) & 0xffff)).toEqual([0, 1, 2]);
    expect(heard[0]!.payload).toEqual(Buffer.alloc(160, 0xff));
  });

  it('is not sent while there is audio. Only keys need the clock', async () => {
    await open(0);
    leg.answer(sdpOf(phone.port));
    const stream = {};
    const speak = (sequence: number): void =>
      leg.party.write({
        kind: 'audio',
        codec: 'PCMU',
        payload: Buffer.of(0x70),
        stream,
        sequence,
        timestamp: sequence * 160,
        marker: false,
      });
    for (let sequence = 1; sequence <= 20; sequence += 1) {
      speak(sequence);
      jest.advanceTimersByTime(100);
    }
    expect(clock.ticks.size).toBe(0);
    leg.sendDtmf('1');
    expect(clock.ticks.size).toBe(1);
    clock.tick(9);
    expect(clock.ticks.size).toBe(0);
    jest.advanceTimersByTime(1_100);
    const heard = await Promise.all(Array.from({ length: 28 }, () => phone.next()));
    expect(heard.map(({ payload }) => payload.length)).toEqual([
      ...Array.from({ length: 20 }, () => 1),
      ...Array.from({ length: 7 }, () => 4),
      160,
    ]);
  });

  it('opens NAT mappings: it is sent to the address in SDP before any packet arrives', async () => {
    await open(0);
    leg.offer();
    leg.takeAnswer(sdpOf(phone.port, { formats: '8' }));
    jest.advanceTimersByTime(100);
    expect((await phone.next()).payloadType).toBe(8);
  });
});

describe('keys', () => {
  it('are sent with the payload type of the far end', async () => {
    await open(0);
    leg.answer(sdpOf(phone.port, { formats: '0 97', more: ['a=rtpmap:97 telephone-event/8000'] }));
    leg.sendDtmf('#');
    clock.tick(8);
    const packets = await Promise.all(Array.from({ length: 7 }, () => phone.next()));
    expect(packets.map(({ payloadType, marker, payload }) => [payloadType, marker, payload.toString('hex')])).toEqual([
      [97, true, '0b0a00a0'],
      [97, false, '0b0a0140'],
      [97, false, '0b0a01e0'],
      [97, false, '0b0a0280'],
      [97, false, '0b8a0320'],
      [97, false, '0b8a0320'],
      [97, false, '0b8a0320'],
    ]);
    expect(new Set(packets.map(({ timestamp }) => timestamp)).size).toBe(1);
  });

  it('are discarded when the far end holds the call, or does not support them', async () => {
    await open(0);
    leg.answer(sdpOf(phone.port));
    leg.sendDtmf('1');
    leg.answer(sdpOf(phone.port, { direction: 'inactive' }));
    leg.sendDtmf('2');
    leg.answer(sdpOf(phone.port, { formats: '0' }));
    leg.sendDtmf('3');
    expect(clock.ticks.size).toBe(0);
    jest.advanceTimersByTime(100);
    expect((await phone.next()).payloadType).toBe(0);
  });
});

describe('silence', () => {
  const seconds = (count: number): void => jest.advanceTimersByTime(count * 1_000);

  /** Resolves when a packet of the far end has arrived. */
  async function speak(): Promise<void> {
    const taken = new Promise<void>((resolve) => leg.party.pipeTo(() => resolve()));
    phone.send(portIn(leg.offer()), {});
    await taken;
  }

  it('is reported once, after the configured time without packets', async () => {
    await open(3);
    leg.answer(sdpOf(phone.port));
    seconds(3);
    expect(told).toEqual([]);
    await speak();
    seconds(3);
    expect(told).toEqual([]);
    seconds(1);
    expect(told).toEqual(['silent']);
    seconds(10);
    expect(told).toEqual(['silent']);
  });

  it('is not reported while a muted far end sends keep-alives', async () => {
    await open(3);
    leg.answer(sdpOf(phone.port));
    await speak();
    const later = await openFarEnd();
    for (let i = 0; i < 5; i += 1) {
      seconds(2);
      phone.send(portIn(leg.offer()), { payloadType: 13 });
      // A packet that was sent later has arrived, so this one has, too.
      phone.send(later.port, {});
      await later.next();
      await new Promise((resolve) => setImmediate(resolve));
    }
    later.close();
    expect(told).toEqual([]);
    seconds(4);
    expect(told).toEqual(['silent']);
  });

  it.each(['sendonly', 'inactive', 'recvonly'])('does not count while the far end is %s', async (direction) => {
    await open(3);
    leg.answer(sdpOf(phone.port, { direction }));
    seconds(10);
    expect(told).toEqual([]);
    leg.answer(sdpOf(phone.port));
    seconds(3);
    expect(told).toEqual([]);
    seconds(1);
    expect(told).toEqual(['silent']);
  });

  it('does not count before negotiation, after close, or with 0', async () => {
    await open(3);
    seconds(10);
    leg.answer(sdpOf(phone.port));
    leg.close();
    seconds(10);
    await media.close();
    phone.close();
    await open(0);
    leg.answer(sdpOf(phone.port));
    seconds(1_000);
    expect(told).toEqual([]);
  });
});
