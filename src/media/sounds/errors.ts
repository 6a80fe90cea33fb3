/** Why something cannot be played. */
import { TandemError } from '../../support/errors';

export type SoundErrorCode =
  | 'file-not-found'
  /** The server does not answer, or with an error of its own. */
  | 'file-unreachable'
  | 'file-too-slow'
  /** In bytes, or in minutes. */
  | 'file-too-large'
  | 'file-not-audio'
  | 'address-not-allowed'
  | 'speech-failed'
  /** Too much is waiting to be made already. */
  | 'sounds-overloaded'
  /** Who asked for it wants it no longer. */
  | 'sounds-cancelled'
  | 'sounds-closed';

/** The message is fit for the person who wrote the audio command. */
export class SoundError extends TandemError {
  constructor(
    readonly code: SoundErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** Who asked for a sound wants it no longer. */
export function cancelledError(): SoundError {
  return new SoundError('sounds-cancelled', 'Nobody waits for the sound any more');
}

/** The sound was still to be made when the platform went down. */
export function closedError(): SoundError {
  return new SoundError('sounds-closed', 'The platform is shutting down');
}
