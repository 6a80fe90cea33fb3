import { TandemError } from './errors';

/** The media cannot use a session description. SIP rejects the request with `status`. */
export class SdpError extends TandemError {
  /** @param code `sdp-not-acceptable`: the description is readable, but there is no common codec */
  constructor(
    readonly code: 'sdp-unreadable' | 'sdp-not-acceptable',
    message: string,
  ) {
    super(message);
  }

  /** Status of the SIP response. */
  get status(): 400 | 488 {
    return this.code === 'sdp-unreadable' ? 400 : 488;
  }
}
