import { createHash } from 'node:crypto';

/** HA1 (RFC 2617 3.2.2.2, RFC 8760 2.4) in hexadecimal. */
export interface Ha1 {
  md5: string;
  sha256: string;
}

/**
 * The hashes of a password that digest authentication needs, for one user and realm. The platform stores them instead
 * of the password.
 */
export interface DigestSecret extends Ha1 {
  /** For phones that use `user@realm` as the user name. */
  qualified: Ha1;
}

export function digestSecret(username: string, realm: string, password: string): DigestSecret {
  return {
    ...ha1(`${username}:${realm}:${password}`),
    qualified: ha1(`${username}@${realm}:${realm}:${password}`),
  };
}

function ha1(text: string): Ha1 {
  const hash = (algorithm: string): string => createHash(algorithm).update(text, 'utf8').digest('hex');
  return { md5: hash('md5'), sha256: hash('sha256') };
}
