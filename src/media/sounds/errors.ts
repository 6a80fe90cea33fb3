/** Errors of sounds that cannot be played. */
import { TandemError } from '../../support/errors';

export type SoundErrorCode =
  | 'file-not-found'
  /** The server does not respond, or responds with an error. */
  | 'file-unreachable'
  | 'file-too-slow'
  /** Too many bytes or minutes. */
  | 'file-too-large'
  | 'file-not-audio'
  | 'address-not-allowed'
  | 'speech-failed'
  /** The queue is full. */
  | 'sounds-overloaded'
  /** The sound is no longer needed. */
  | 'sounds-cancelled'
  | 'sounds-closed';

/** The message is suitable for the author of the audio command. */
export class SoundError extends TandemError {
  constructor(
    readonly code: SoundErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** The sound is no longer needed. */
export function cancelledError(): SoundError {
  return new SoundError('sounds-cancelled', 'The sound is no longer needed');
}

/** The platform is shutting down. */
export function closedError(): SoundError {
  return new SoundError('sounds-closed', 'The platform is shutting down');
}
