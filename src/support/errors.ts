/**
 * Base class of Tandem's errors. Each kind of failure has its own class and a stable `code`. Code must not match on
 * messages.
 */
export abstract class TandemError extends Error {
  /** Stable identifier in kebab-case, used by logs, metrics and callers. */
  abstract readonly code: string;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The command line is invalid, or asks for something that is unavailable. The message says what to do. */
export class UsageError extends TandemError {
  readonly code = 'usage';
}

/** The message of a thrown value, which may be anything. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
