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

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
