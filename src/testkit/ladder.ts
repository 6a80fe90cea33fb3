/** Draws a call as a ladder of caller, app and callee, with messages and times. */
import type { Entry } from './platform/journal';

const COLUMN_WIDTH = 42;
/** Returns lines of text, with times in seconds from the start. `verdict` is a finding without a journal entry. */
export function drawLadder(entries: readonly Entry[], verdict?: { at: number; text: string }): string[] {
  const header = ['caller', 'app', 'callee'].map((name) => name.padEnd(COLUMN_WIDTH)).join('');
  const last: Entry[] = verdict ? [{ ...verdict, kind: 'violation', side: undefined }] : [];
  const rows = [...entries, ...last].flatMap((entry) => {
    const drawn = rowOf(entry);
    return drawn === undefined ? [] : [`${seconds(entry.at)}  ${drawn}`];
  });
  return [`          ${header}`.trimEnd(), ...rows];
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3).padStart(8);

/** Leaves out successful replies, as their effect has a line of its own. */
function rowOf({ kind, side, text }: Entry): string | undefined {
  const label = withNames(text);
  if (kind === 'violation') return `!! ${label}`;
  if (kind === 'reply' && !/^[45]\d\d|\[|no effect/.test(text)) return undefined;
  // A bridge is about both legs. The callee's side shows it.
  const half = side === 'caller' ? 0 : 1;
  if (kind === 'truth' || side === undefined) return row(half, label, undefined);
  const towardsApp = kind === 'event' || kind === 'reply';
  return row(half, arrowLabel(kind, label), (half === 0) === towardsApp ? 'right' : 'left');
}

/** Replaces ids of legs with `caller` and `callee`. */
export function withNames(text: string): string {
  return text
    .replace(/\b(caller|callee(?: \d+)?) c-kit\w+/g, '$1')
    .replace(/\bc-kit\d+in\b/g, 'caller')
    .replace(/\bc-kit\d+out(\d+)/g, (_, nth: string) => (Number(nth) > 1 ? `callee ${nth}` : 'callee'));
}

/** Removes the name of the leg, as the side of the ladder shows it. */
function arrowLabel(kind: Entry['kind'], label: string): string {
  const short = label
    .replace(/ \((?:GET|POST)\)$/, '')
    .replace(/ \/v1\/\S+/, '')
    .replace(/^create-call \S+ -> (?:sip:)?([^,@]+).*$/, 'create-call to $1');
  const isAboutOne = (kind === 'event' || kind === 'command') && !short.startsWith('bridge');
  return isAboutOne ? short.replace(/ (?:caller|callee)(?! \d)(?=$| \[)/, '') : short;
}

/** Fills one half of the ladder: with an arrow, or with an event of that side alone. */
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
