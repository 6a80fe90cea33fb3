/** The session descriptions that this end sends during a call. */
import { randomInt } from 'node:crypto';
import { printSdp, type SdpMedia } from './sdp';

export interface OwnDescription {
  /** Prints the description. The version increases with each change (RFC 3264 8). */
  print(address: string, media: SdpMedia[]): string;
}

export function createOwnDescription(): OwnDescription {
  const sessionId = String(randomInt(2 ** 31, 2 ** 47));
  let version = 0;
  let last: string | undefined;

  const printed = (address: string, media: SdpMedia[]): string =>
    printSdp({
      origin: { username: '-', sessionId, sessionVersion: String(version), address },
      connection: address,
      media,
    });

  return {
    print(address, media) {
      if (last !== undefined && printed(address, media) === last) return last;
      version += 1;
      last = printed(address, media);
      return last;
    },
  };
}
