/** Records the events and commands of one call in order. The report draws them as a ladder. */
import type { ViolationCode } from './violations';

/** The leg of an entry; `both` for the bridge of caller and callee. */
export type Side = 'caller' | 'callee' | 'both';

export interface Entry {
  /** ms since the call began */
  at: number;
  kind: 'truth' | 'event' | 'command' | 'reply' | 'violation';
  side: Side | undefined;
  text: string;
}

export interface Violation {
  code: ViolationCode;
  text: string;
  /** ms since the call began */
  at: number;
}

export interface Journal {
  readonly startedAt: number;
  readonly entries: readonly Entry[];
  readonly violations: readonly Violation[];
  /** Faults injected into this call, by kind. */
  readonly faults: ReadonlyMap<string, number>;
  /** Random choices by their key: identical for the same seed, in any order of events. */
  readonly drawn: ReadonlyMap<string, string>;
  /** How often each command was sent, including refused ones. */
  readonly commands: ReadonlyMap<string, number>;
  truth(text: string, side?: Side): void;
  event(text: string, side?: Side): void;
  command(name: string, text: string, side?: Side): void;
  reply(text: string, side?: Side): void;
  fault(kind: string): void;
  violation(code: ViolationCode, text: string): void;
  /** Returns a unique key for a random choice: `label 1`, `label 2` … */
  nextKey(label: string): string;
  draw(key: string, outcome: string): void;
  print(title: string): string;
}

const MARKS: Record<Entry['kind'], string> = {
  truth: '         ·',
  event: '  event -->',
  command: '<-- command',
  reply: '  reply -->',
  violation: '!! VIOLATION',
};

export function createJournal(log?: (line: string) => void): Journal {
  const startedAt = Date.now();
  const entries: Entry[] = [];
  const violations: Violation[] = [];
  const faults = new Map<string, number>();
  const drawn = new Map<string, string>();
  const commands = new Map<string, number>();
  const keys = new Map<string, number>();
  const add = (counts: Map<string, number>, key: string): number => {
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count;
  };
  const write = (kind: Entry['kind'], text: string, side?: Side): void => {
    const entry = { at: Date.now() - startedAt, kind, side, text };
    entries.push(entry);
    log?.(lineOf(entry));
  };
  return {
    startedAt,
    entries,
    violations,
    faults,
    drawn,
    commands,
    truth: (text, side) => write('truth', text, side),
    event: (text, side) => write('event', text, side),
    command(name, text, side) {
      add(commands, name);
      write('command', text, side);
    },
    reply: (text, side) => write('reply', text, side),
    fault: (kind) => void add(faults, kind),
    violation(code, text) {
      violations.push({ code, text, at: Date.now() - startedAt });
      write('violation', text);
    },
    nextKey: (label) => `${label} ${add(keys, label)}`,
    draw: (key, outcome) => void drawn.set(key, outcome),
    print: (title) =>
      [title, `  started ${new Date(startedAt).toISOString()}`, ...entries.map((entry) => `  ${lineOf(entry)}`)].join(
        '\n',
      ),
  };
}

const lineOf = ({ at, kind, text }: Entry): string => `${String(at).padStart(6)} ms  ${MARKS[kind]} ${text}`;
