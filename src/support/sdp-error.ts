import { TandemError } from './errors';

/** A session description that media cannot use, and that SIP refuses. */
export class SdpError extends TandemError {
  /** @param code `sdp-not-acceptable`: understood, but there is nothing in common */
  constructor(
    readonly code: 'sdp-unreadable' | 'sdp-not-acceptable',
    message: string,
  ) {
    super(message);
  }

  /** What SIP answers. */
  get status(): 400 | 488 {
    return this.code === 'sdp-unreadable' ? 400 : 488;
  }
}
