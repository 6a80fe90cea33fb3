/** What can come of a command instead of its result. Each class stands for what is known of the command's effect. */
import { TandemError } from '../support/errors';

/** The platform answered, and said no: nothing happened. `code` and `category` are the platform's own. */
export class RefusedError extends TandemError {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly category: string,
    message: string,
    /** When to try again (epoch ms), where a 429 said it. */
    readonly retryAt?: number,
  ) {
    super(`${status} ${code}: ${message}`);
  }
}

/** The command may have taken effect: its reply was lost, or the platform failed while it handled it (5xx). */
export class ReplyLostError extends TandemError {
  readonly code: string;
  constructor(
    message: string,
    { code = 'reply-lost', status, cause }: { code?: string; status?: number; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.status = status;
  }
  readonly status: number | undefined;
}

/** The platform could not be reached: the command was never sent. */
export class UnreachableError extends TandemError {
  readonly code = 'unreachable';
}

/** The flow went on while the command waited for its turn. */
export class NotWantedError extends TandemError {
  readonly code = 'not-wanted';
  constructor() {
    super('the command is no longer wanted');
  }
}
