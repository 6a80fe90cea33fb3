import type { HangupCause } from '../../v1-wire/events';
import type { Timers } from '../../support/timers';
import type { Line, LineListener } from './line';

/** Causes in the order of preference: the caller gets the first one that a branch has. */
const PRECEDENCE: readonly HangupCause[] = ['USER_BUSY', 'CALL_REJECTED', 'NO_ANSWER', 'UNALLOCATED_NUMBER'];

/**
 * Dials several phones of one endpoint as one line. All ring, the first that answers gets the call, and the others are
 * cancelled. The line fails when all have failed.
 * @param open dials one branch
 */
export function dialAll<Branch>(
  branches: readonly Branch[],
  open: (branch: Branch, listener: LineListener) => Line,
  listener: LineListener,
  timers: Timers,
): Line {
  const lines = new Set<Line>();
  const causes: HangupCause[] = [];
  let winner: Line | undefined;
  let rang = false;

  for (const branch of branches) {
    const line: Line = open(branch, {
      ringing() {
        if (rang) return;
        rang = true;
        listener.ringing();
      },
      answered() {
        if (winner) return;
        winner = line;
        for (const other of lines) if (other !== line) other.hangUp('ORIGINATOR_CANCEL', 'elsewhere');
        listener.answered();
      },
      ended(cause, detail) {
        lines.delete(line);
        causes.push(cause);
        if (winner === line) listener.ended(cause, detail);
        else if (!winner && lines.size === 0) listener.ended(PRECEDENCE.find((c) => causes.includes(c)) ?? cause);
      },
      playStarted: (playback) => listener.playStarted(playback),
      playDone: (playback) => listener.playDone(playback),
      playFailed: (playback, reason) => listener.playFailed(playback, reason),
      dtmf: (digit) => listener.dtmf(digit),
    });
    lines.add(line);
  }
  if (lines.size === 0) timers.after(0, () => listener.ended('NORMAL_TEMPORARY_FAILURE'));

  return {
    ring: () => undefined,
    answer: () => undefined,
    hangUp(cause) {
      for (const line of winner ? [winner] : lines) line.hangUp(cause);
      lines.clear();
    },
    play: (playback) => winner?.play(playback),
    stopPlay: () => winner?.stopPlay(),
    sendDtmf: (digits) => winner?.sendDtmf(digits),
    connect: (other) => winner?.connect(other),
    get party() {
      return winner?.party;
    },
  };
}
