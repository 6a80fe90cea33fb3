/** Draws a call as a ladder: who sent what to whom, and when. */

/** A session, as `GET /calls/{id}` shows it. */
export interface LadderSession {
  kind: string;
  to?: string | undefined;
  /** ISO 8601 */
  createdAt: string;
  timeline: readonly LadderEntry[];
}

export interface LadderEntry {
  /** ISO 8601 */
  time: string;
  what: string;
  leg?: string | undefined;
  callId?: string | undefined;
  outcome?: string | undefined;
  tookMs?: number | undefined;
}

/** A leg as its far end sees it. */
export interface LadderFarEnd {
  kind: string;
  direction: 'in' | 'out';
  callId?: string | undefined;
  history: readonly { time: string; what: string; cause?: string | undefined; detail?: string | undefined }[];
}

const COLUMNS = ['phone', 'platform', 'Tandem', 'PSTN'] as const;
type Column = (typeof COLUMNS)[number];

export interface Arrow {
  /** epoch ms */
  at: number;
  from: Column;
  to: Column;
  label: string;
}

const COLUMN_WIDTH = 36;

/** What the far ends saw and what Tandem received and sent, in the order in which it happened. */
export function arrowsOf(call: LadderSession, legs: readonly LadderFarEnd[]): Arrow[] {
  const arrows = [...tandemArrows(call), ...legs.flatMap((leg) => farEndArrows(leg, call))];
  return arrows.sort((a, b) => a.at - b.at);
}

/** Lines of text: a header, an arrow a line with its time since the first in seconds. */
export function drawLadder(arrows: readonly Arrow[]): string[] {
  const start = arrows[0]?.at ?? 0;
  const header = COLUMNS.map((name) => name.padEnd(COLUMN_WIDTH)).join('');
  const rows = arrows.map((arrow) => `${((arrow.at - start) / 1_000).toFixed(3).padStart(8)}  ${drawArrow(arrow)}`);
  return [`          ${header}`.trimEnd(), ...rows];
}

function drawArrow({ from, to, label }: Arrow): string {
  const [a, b] = [COLUMNS.indexOf(from), COLUMNS.indexOf(to)];
  const [left, right] = [Math.min(a, b), Math.max(a, b)];
  const cells: string[] = Array.from({ length: (COLUMNS.length - 1) * COLUMN_WIDTH + 1 }, (_, i) =>
    i % COLUMN_WIDTH === 0 ? '│' : ' ',
  );
  const [first, last] = [left * COLUMN_WIDTH + 1, right * COLUMN_WIDTH - 1];
  for (let i = first; i <= last; i++) cells[i] = i % COLUMN_WIDTH === 0 ? '┼' : '─';
  if (b > a) cells[last] = '▶';
  else cells[first] = '◀';
  const text = ` ${label} `.slice(0, COLUMN_WIDTH - 3);
  // The label stands in the arrow's first column, so that it is read beside who sent it.
  const at = (b > a ? first : last - COLUMN_WIDTH + 2) + Math.floor((COLUMN_WIDTH - 1 - text.length) / 2);
  for (const [i, character] of [...text].entries()) cells[at + i] = character;
  return cells.join('').trimEnd();
}

function tandemArrows(call: LadderSession): Arrow[] {
  const incoming: Arrow[] =
    call.kind === 'bridge-legs'
      ? [{ at: Date.parse(call.createdAt), from: 'platform', to: 'Tandem', label: 'offered' }]
      : [];
  return call.timeline.reduce((arrows, { time, what, leg, outcome, tookMs }) => {
    const [kind, name = ''] = what.split(' ', 2);
    const who = leg === undefined || name === 'dial' ? '' : ` ${leg}`;
    if (kind === 'event') {
      const detail = outcome === undefined ? '' : ` ${outcome}`;
      arrows.push({ at: Date.parse(time), from: 'platform', to: 'Tandem', label: `${name}${detail}${who}` });
    } else if (kind === 'command') {
      const failure = outcome === undefined || outcome === 'done' ? '' : ` ✗ ${outcome}`;
      arrows.push({
        at: Date.parse(time) - (tookMs ?? 0),
        from: 'Tandem',
        to: 'platform',
        label: `${name}${who}${failure}`,
      });
    }
    return arrows;
  }, incoming);
}

function farEndArrows(leg: LadderFarEnd, call: LadderSession): Arrow[] {
  const far: Column = leg.kind === 'pstn' ? 'PSTN' : 'phone';
  const endedByTandem = call.timeline.some(
    ({ what, callId }) => (what === 'command hang-up' || what === 'command reject') && callId === leg.callId,
  );
  return leg.history.flatMap(({ time, what, cause, detail }): Arrow[] => {
    const at = Date.parse(time);
    const toFar = (label: string): Arrow[] => [{ at, from: 'platform', to: far, label }];
    const fromFar = (label: string): Arrow[] => [{ at, from: far, to: 'platform', label }];
    switch (what) {
      case 'dialled':
        return leg.direction === 'in' ? fromFar(`dials ${call.to ?? ''}`) : toFar('rings');
      case 'answered':
        return leg.direction === 'in' ? toFar('is answered') : fromFar('answers');
      case 'connected':
        return toFar('hears the other side');
      case 'speech-started':
        return toFar(`"${detail ?? ''}"`);
      case 'cancelled':
      case 'ended': {
        const why = cause === undefined || cause === 'NORMAL_CLEARING' ? 'hung up' : cause;
        return endedByTandem || what === 'cancelled' ? endOf(toFar, fromFar, leg, endedByTandem, why) : fromFar(why);
      }
      default:
        return []; // ringing tones, the end of a sentence: told by the events already
    }
  });
}

function endOf(
  toFar: (label: string) => Arrow[],
  fromFar: (label: string) => Arrow[],
  leg: LadderFarEnd,
  endedByTandem: boolean,
  why: string,
): Arrow[] {
  // A caller that cancels does so itself; a callee is cancelled.
  return !endedByTandem && leg.direction === 'in' ? fromFar(why) : toFar(why);
}
