import { dialAll } from '../../../src/platform/lines/fork';
import type { Line, LineListener } from '../../../src/platform/lines/line';
import { createTimers } from '../../../src/support/timers';
import { recordingListener } from './listeners';

function fork(branches: string[]) {
  const { listener: parent, notifications } = recordingListener();
  const commands: string[] = [];
  const listeners = new Map<string, LineListener>();
  const open = (branch: string, listener: LineListener): Line => {
    listeners.set(branch, listener);
    const note = (what: string) => () => void commands.push(`${branch} ${what}`);
    return {
      ring: note('ring'),
      answer: note('answer'),
      hangUp: (cause, elsewhere) =>
        void commands.push(`${branch} hangUp ${cause}${elsewhere === undefined ? '' : ` ${elsewhere}`}`),
      play: note('play'),
      stopPlay: note('stopPlay'),
      sendDtmf: note('sendDtmf'),
      connect: note('connect'),
      party: undefined,
    };
  };
  const line = dialAll(branches, open, parent, createTimers());
  return { line, notifications, commands, listener: (branch: string) => listeners.get(branch)! };
}

const playback = { kind: 'speak' as const, content: 'x', loop: false, volume: 0 };

it('rings once, gives the call to the first that answers and cancels the others', () => {
  const { line, notifications, commands, listener } = fork(['a', 'b', 'c']);
  listener('a').ringing();
  listener('b').ringing();
  listener('c').ended('USER_BUSY');
  listener('b').answered();
  listener('a').answered(); // too late
  expect(notifications).toEqual(['ringing', 'answered']);
  expect(commands).toEqual(['a hangUp ORIGINATOR_CANCEL elsewhere']);
  line.play(playback);
  line.stopPlay();
  line.sendDtmf('1');
  line.connect(undefined);
  expect(commands.slice(1)).toEqual(['b play', 'b stopPlay', 'b sendDtmf', 'b connect']);
  listener('b').playStarted(playback);
  listener('b').playDone(playback);
  listener('b').dtmf('1');
  listener('b').ended('NORMAL_CLEARING');
  expect(notifications.slice(2)).toEqual(['playStarted', 'playDone', 'dtmf 1', 'ended NORMAL_CLEARING']);
});

it('fails when the last one has failed', () => {
  const { notifications, listener } = fork(['a', 'b']);
  listener('a').ended('CALL_REJECTED');
  expect(notifications).toEqual([]);
  listener('b').ended('NORMAL_TEMPORARY_FAILURE');
  expect(notifications).toEqual(['ended CALL_REJECTED']);
});

it('hangs up all ringing lines, or only the one that is up', () => {
  const ringing = fork(['a', 'b']);
  ringing.line.hangUp('ORIGINATOR_CANCEL');
  expect(ringing.commands).toEqual(['a hangUp ORIGINATOR_CANCEL', 'b hangUp ORIGINATOR_CANCEL']);
  const up = fork(['a', 'b']);
  up.listener('a').answered();
  up.line.ring();
  up.line.answer();
  up.line.hangUp('NORMAL_CLEARING');
  expect(up.commands).toEqual(['b hangUp ORIGINATOR_CANCEL elsewhere', 'a hangUp NORMAL_CLEARING']);
});
