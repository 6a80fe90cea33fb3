/** Whether credentials prove an endpoint (RFC 7616 3.4.1): by its password, or by one of its tokens. */
import { randomBytes } from 'node:crypto';
import { digestSecret, type DigestSecret } from './digest-secret';
import type { SipEndpoint } from '../accounts';
import type { Credentials } from './credentials';
import { digestResponse, sameText } from './digest-response';

/**
 * Takes as long where there is no endpoint.
 * @param now ms
 */
export function createVerifier(
  now: () => number,
): (credentials: Credentials, endpoint: SipEndpoint | undefined, method: string) => boolean {
  const nobodys = digestSecret('', '', randomBytes(16).toString('hex'));
  return (credentials, endpoint, method) => {
    if (!endpoint) {
      isAnswer(credentials, nobodys, method);
      return false;
    }
    if (isAnswer(credentials, endpoint.secret, method)) return true;
    const time = now();
    return endpoint.tokens.some(
      ({ secret, expiresAt }) => expiresAt.getTime() > time && isAnswer(credentials, secret, method),
    );
  };
}

/** The `uri` is the client's own: sipp, and phones behind an outbound proxy, say another than the Request-URI. */
function isAnswer(credentials: Credentials, secret: DigestSecret, method: string): boolean {
  const { algorithm, username, uri, nonce, counted, response } = credentials;
  const { md5, sha256 } = username.includes('@') ? secret.qualified : secret;
  const expected = digestResponse({
    ...{ algorithm, method, uri, nonce, nc: counted?.nc, cnonce: counted?.cnonce },
    ha1: algorithm === 'MD5' ? md5 : sha256,
    qop: counted ? 'auth' : undefined,
  });
  return sameText(expected, response);
}
