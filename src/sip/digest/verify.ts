/** Verifies credentials against an endpoint's password and tokens (RFC 7616 3.4.1). */
import { randomBytes } from 'node:crypto';
import { digestSecret, type DigestSecret } from './digest-secret';
import type { SipEndpoint } from '../accounts';
import type { Credentials } from './credentials';
import { digestResponse, sameText } from './digest-response';

/**
 * The verifier takes the same time if the endpoint does not exist.
 * @param now ms
 */
export function createVerifier(
  now: () => number,
): (credentials: Credentials, endpoint: SipEndpoint | undefined, method: string) => boolean {
  const decoy = digestSecret('', '', randomBytes(16).toString('hex'));
  return (credentials, endpoint, method) => {
    if (!endpoint) {
      matches(credentials, decoy, method);
      return false;
    }
    if (matches(credentials, endpoint.secret, method)) return true;
    const time = now();
    return endpoint.tokens.some(
      ({ secret, expiresAt }) => expiresAt.getTime() > time && matches(credentials, secret, method),
    );
  };
}

/**
 * Uses the `uri` of the credentials: sipp and phones behind an outbound proxy send one that differs from the
 * Request-URI.
 */
function matches(credentials: Credentials, secret: DigestSecret, method: string): boolean {
  const { algorithm, username, uri, nonce, counted, response } = credentials;
  const { md5, sha256 } = username.includes('@') ? secret.qualified : secret;
  const expected = digestResponse({
    ...{ algorithm, method, uri, nonce, nc: counted?.nc, cnonce: counted?.cnonce },
    ha1: algorithm === 'MD5' ? md5 : sha256,
    qop: counted ? 'auth' : undefined,
  });
  return sameText(expected, response);
}
