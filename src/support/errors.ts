/**
 * The root of Tandem's own errors: one small class a failure, each with a stable `code`. Nobody matches on messages.
 */
export abstract class TandemError extends Error {
  /** Stable, kebab-case; what logs, metrics and callers tell failures apart by. */
  abstract readonly code: string;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The command line asks for something that is not there, or not now; the message says what to do. */
export class UsageError extends TandemError {
  readonly code = 'usage';
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
