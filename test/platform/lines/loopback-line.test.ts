import { strictErrors } from '../../helpers/strict-errors';
import { DEFAULT_TIMING } from '../../../src/platform/lines/behaviour';
import { createFarEnds } from '../../../src/platform/lines/far-ends';
import type { Line } from '../../../src/platform/lines/line';
import { dialOwnNumber } from '../../../src/platform/lines/loopback-line';
import { DEFAULT_SOUND } from '../../../src/platform/lines/simulated-party';
import type { Packet, PacketSink, Party } from '../../../src/media/audio';
import { createTimers } from '../../../src/support/timers';
import { quietListener } from './listeners';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const packet = (sequence: number, more: Partial<Packet> = {}): Packet => ({
  kind: 'audio',
  codec: 'PCMU',
  payload: Uint8Array.of(1),
  stream: STREAM,
  sequence,
  timestamp: sequence * 160,
  marker: false,
  ...more,
});
const STREAM = {};

/** A loopback call that is up. */
function loop(sound = true) {
  const notifications: string[] = [];
  const listener = (name: string) => quietListener((digit) => notifications.push(`${name} dtmf ${digit}`));
  const timers = createTimers();
  const farEnds = createFarEnds({ max: 10, ageMs: 1000 });
  const players: PacketSink[] = [];
  let incoming: Line | undefined;
  const outgoing = dialOwnNumber({ callId: 'c-1', from: '+1555444333', to: '+15554443334' }, listener('outgoing'), {
    timers,
    timing: DEFAULT_TIMING,
    farEnds,
    internalErrors: strictErrors,
    createPlayer: (_listener, hear) => {
      players.push(hear);
      return { play: () => hear(packet(50)), stop: () => undefined, abandon: () => undefined };
    },
    sound: sound ? DEFAULT_SOUND : undefined,
    receive: (_offer, line) => {
      incoming = line;
      return { callId: 'c-2', listener: listener('incoming') };
    },
  });
  jest.advanceTimersByTime(DEFAULT_TIMING.ringAfterMs);
  incoming!.answer();
  jest.advanceTimersByTime(DEFAULT_TIMING.pickUpMs + 10);
  return { outgoing, incoming: incoming!, notifications };
}

function partner() {
  const heard: number[] = [];
  const party: Party = {
    write: ({ sequence }) => void heard.push(sequence),
    pipeTo: () => undefined,
    tap: () => undefined,
  };
  return { heard, line: { party } as Line };
}

it('the partner of one line hears the partner of the other, and both taps record it', () => {
  const { outgoing, incoming } = loop();
  const [a, b] = [partner(), partner()];
  outgoing.connect(a.line);
  incoming.connect(b.line);
  const tapped: string[] = [];
  outgoing.party?.tap({ onReceived: () => tapped.push('outgoing said'), onSent: () => tapped.push('outgoing heard') });
  incoming.party?.tap({ onReceived: () => tapped.push('incoming said'), onSent: () => tapped.push('incoming heard') });
  outgoing.party?.write(packet(1));
  expect([a.heard, b.heard]).toEqual([[], [1]]);
  expect(tapped).toEqual(['outgoing heard', 'incoming said']);
  incoming.party?.write(packet(2));
  expect([a.heard, b.heard]).toEqual([[2], [1]]);
});

it('the partner of one line hears what is played to the other', () => {
  const { outgoing, incoming } = loop();
  const b = partner();
  incoming.connect(b.line);
  outgoing.play({ kind: 'speak', content: 'x', loop: false, volume: 0 });
  expect(b.heard).toEqual([50]);
});

it('a key pressed on one side arrives on the other', () => {
  const { outgoing, notifications } = loop();
  const payload = Uint8Array.of(7, 0x8a, 1, 224);
  for (const sequence of [1, 2, 3])
    outgoing.party?.write(packet(sequence, { kind: 'telephone-event', payload, timestamp: 160 }));
  expect(notifications).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(notifications).toEqual(['incoming dtmf 7']);
});

it('both lines in one bridge cause no endless loop', () => {
  const { outgoing, incoming } = loop();
  outgoing.connect(incoming);
  incoming.connect(outgoing);
  let said = 0;
  incoming.party?.tap({ onReceived: () => said++, onSent: () => undefined });
  outgoing.party?.write(packet(1));
  outgoing.party?.write(packet(2));
  expect(said).toBe(2);
});

it('no sound passes after the end', () => {
  const { outgoing, incoming } = loop();
  const b = partner();
  incoming.connect(b.line);
  outgoing.hangUp('NORMAL_CLEARING');
  jest.advanceTimersByTime(10);
  outgoing.party?.write(packet(1));
  expect(b.heard).toEqual([]);
});

it('has no sound if the platform has none', () => {
  expect(loop(false).outgoing.party).toBeUndefined();
});
