import { createHash } from 'node:crypto';

/**
 * What digest authentication needs of a password (HA1, RFC 2617 3.2.2.2 and RFC 8760 2.4), bound to one user and realm.
 * The platform keeps this and not the password.
 */
export interface DigestSecret {
  md5: string;
  sha256: string;
}

export function digestSecret(username: string, realm: string, password: string): DigestSecret {
  const text = `${username}:${realm}:${password}`;
  const hash = (algorithm: string): string => createHash(algorithm).update(text, 'utf8').digest('hex');
  return { md5: hash('md5'), sha256: hash('sha256') };
}
