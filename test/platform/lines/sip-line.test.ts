import { strictErrors } from '../../helpers/strict-errors';
import type { Playback } from '../../../src/media/playback';
import type { LineListener } from '../../../src/platform/lines/line';
import { SipLine } from '../../../src/platform/lines/sip-line';
import type { Packet } from '../../../src/media/audio';
import type { MediaLeg } from '../../../src/media/media';
import type { PlayerListener } from '../../../src/media/player';
import { silentLog } from '../../helpers/silent-log';

const said: Packet = {
  kind: 'audio',
  codec: 'PCMU',
  payload: new Uint8Array(160),
  stream: {},
  sequence: 1,
  timestamp: 160,
  marker: false,
};
const file: Playback = { kind: 'playback', content: 'http://example.com/a.wav', loop: false, volume: 0 };

it('a bridged far end hears its partner before and after a playback', () => {
  let player: PlayerListener | undefined;
  const createPlayer = (listener: PlayerListener) => {
    player = listener;
    return { play: () => undefined, stop: () => undefined, abandon: () => undefined };
  };
  const line = new SipLine({
    createPlayer,
    internalErrors: strictErrors,
    log: silentLog,
    onEnd: () => undefined,
  });
  const heard: Packet[] = [];
  const party = { write: (packet: Packet) => heard.push(packet), pipeTo: () => undefined, tap: () => undefined };
  line.useLeg({ party, close: () => undefined } as unknown as MediaLeg);
  line.tell({
    answered: () => undefined,
    playStarted: () => undefined,
    playDone: () => undefined,
  } as unknown as LineListener);
  line.session.answered();
  const hears = (): boolean => {
    const before = heard.length;
    line.party.write(said);
    return heard.length > before;
  };

  line.play(file);
  expect(hears()).toBe(true); // the file is still being fetched
  player?.playStarted(file);
  expect(hears()).toBe(false);
  const next = { ...file };
  line.play(next);
  player?.playDone(file);
  expect(hears()).toBe(true);
  player?.playStarted(next);
  player?.playDone(file); // a late notification
  expect(hears()).toBe(false);
  player?.playDone(next);
  expect(hears()).toBe(true);
});

it.each([
  [408, ['NORMAL_TEMPORARY_FAILURE', 'phone-lost']],
  [481, ['NORMAL_TEMPORARY_FAILURE', 'phone-lost']],
  [503, ['NORMAL_TEMPORARY_FAILURE', 'phone-lost']],
  [488, ['NORMAL_TEMPORARY_FAILURE', undefined]],
  [undefined, ['NORMAL_CLEARING', undefined]],
])('a call that is up and ends with %s ends with %j', (status, notifications) => {
  const createPlayer = () => ({ play: () => undefined, stop: () => undefined, abandon: () => undefined });
  const line = new SipLine({
    createPlayer,
    internalErrors: strictErrors,
    log: silentLog,
    onEnd: () => undefined,
  });
  const ended: unknown[] = [];
  line.tell({
    answered: () => undefined,
    ended: (...args: unknown[]) => ended.push(args),
  } as unknown as LineListener);
  line.session.answered();
  line.session.ended(status);
  expect(ended).toEqual([notifications]);
});
