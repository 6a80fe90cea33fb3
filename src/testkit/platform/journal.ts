/** What happened to one call, in order; printed as a ladder when it went wrong. */
export interface Journal {
  readonly violations: readonly string[];
  /** Faults injected into this call, by kind. */
  readonly faults: ReadonlyMap<string, number>;
  /** How often each command came, refused or not. */
  readonly commands: ReadonlyMap<string, number>;
  truth(text: string): void;
  event(text: string): void;
  command(name: string, text: string): void;
  reply(text: string): void;
  fault(kind: string): void;
  violation(text: string): void;
  print(title: string): string;
}

export function createJournal(log?: (line: string) => void): Journal {
  const start = Date.now();
  const lines: string[] = [];
  const violations: string[] = [];
  const faults = new Map<string, number>();
  const commands = new Map<string, number>();
  const write = (mark: string, text: string): void => {
    const line = `${String(Date.now() - start).padStart(6)} ms  ${mark} ${text}`;
    lines.push(line);
    log?.(line);
  };
  return {
    violations,
    faults,
    commands,
    truth: (text) => write('         ·', text),
    event: (text) => write('  event -->', text),
    command(name, text) {
      commands.set(name, (commands.get(name) ?? 0) + 1);
      write('<-- command', text);
    },
    reply: (text) => write('  reply -->', text),
    fault: (kind) => void faults.set(kind, (faults.get(kind) ?? 0) + 1),
    violation(text) {
      violations.push(text);
      write('!! VIOLATION', text);
    },
    print: (title) =>
      [title, `  started ${new Date(start).toISOString()}`, ...lines.map((line) => `  ${line}`)].join('\n'),
  };
}
