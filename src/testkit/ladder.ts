/** Draws a call as a ladder: caller, app and callee, who told whom what, and when. */
import type { Entry, Journal } from './platform/journal';

const COLUMN_WIDTH = 42;
const LEG_ID = /\s*\b(?:caller|callee(?: \d+)?) c-kit\w+/;

/** Lines of text; times are seconds since the call began. */
export function drawLadder(journal: Journal): string[] {
  const header = ['caller', 'app', 'callee'].map((name) => name.padEnd(COLUMN_WIDTH)).join('');
  const rows = journal.entries.flatMap((entry) =>
    rowsOf(entry).map((row, i) => `${i === 0 ? seconds(entry.at) : ' '.repeat(8)}  ${row}`),
  );
  return [`          ${header}`.trimEnd(), ...rows];
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3).padStart(8);

function rowsOf({ kind, side, text }: Entry): string[] {
  if (kind === 'violation') return [`!! ${text}`];
  if (kind === 'reply' && !/^[45]\d\d|\[|no effect/.test(text)) return [];
  const label = kind === 'truth' ? text : text.replace(LEG_ID, '').replace(/ \((?:GET|POST)\)$/, '');
  // A bridge is about both legs: it is told once, on the callee's side.
  const half = side === 'caller' ? 0 : 1;
  if (kind === 'truth') return [row(half, label, undefined)];
  const towardsApp = kind === 'event' || kind === 'reply';
  if (side === undefined) return [row(1, label, undefined)];
  return [row(half, label, (half === 0) === towardsApp ? 'right' : 'left')];
}

/** One half of the ladder filled: with an arrow, or with what happened on that side alone. */
function row(half: 0 | 1, label: string, arrow: 'left' | 'right' | undefined): string {
  const room = COLUMN_WIDTH - 1;
  const fitted = label.length > room - 4 ? `${label.slice(0, room - 5)}…` : label;
  const rest = room - fitted.length - 2;
  const filled =
    arrow === undefined
      ? ` · ${label}`.padEnd(room)
      : `${arrow === 'left' ? '◀' : '─'}${line(rest, fitted)}${arrow === 'right' ? '▶' : '─'}`;
  const blank = ' '.repeat(room);
  return half === 0
    ? `│${filled}│${arrow === undefined && label.length > room - 3 ? '' : `${blank}│`}`
    : `│${blank}│${filled}│`;
}

function line(rest: number, label: string): string {
  const dashes = rest - 2;
  const before = Math.floor(dashes / 2);
  return `${'─'.repeat(before)} ${label} ${'─'.repeat(dashes - before)}`;
}
