import { TandemError } from '../../support/errors';

/** What REDIS_URL or its options say cannot be meant; the message never shows a password. */
export class RedisUrlError extends TandemError {
  readonly code = 'redis-url';
}

/** Redis answered and does not let Tandem in: a wrong password, a database that it does not have. */
export class RedisRefusedError extends TandemError {
  readonly code = 'redis-refused';
}

/** What waiting does not mend, where it is the answer to the first words of a connection, and what does. */
const REFUSALS: readonly (readonly [RegExp, remedy: string])[] = [
  [/^(WRONGPASS|ERR invalid password|ERR AUTH)/, 'check user and password in REDIS_URL'],
  [/^NOAUTH/, 'put user and password into REDIS_URL: redis://:password@host:port, or redis://user:password@host:port'],
  [
    /^(NOPERM|ERR The user executing the script)/,
    'give this user the rights that docs/operations.md lists, on the keys of REDIS_PREFIX (REDIS_URL names the user)',
  ],
  [/^ERR (invalid DB|DB index|SELECT)/, 'check the database at the end of REDIS_URL'],
  [/^ERR unknown command/, 'let REDIS_URL name a Redis 7 or Valkey that knows its own commands by their names'],
  [/^ERR This instance has cluster/, 'set REDIS_CLUSTER=off, or let REDIS_URL name a node of a cluster'],
];

/** What to do about an answer of Redis that no waiting mends; undefined for any other. */
export function remedyOf(answer: string): string | undefined {
  return REFUSALS.find(([pattern]) => pattern.test(answer))?.[1];
}

const OBSTACLES: readonly (readonly [RegExp, remedy: string])[] = [
  [/self-signed|unable to (verify|get)/, 'name the file (PEM) of the CA of its certificate in NODE_EXTRA_CA_CERTS'],
  [/does not match certificate/, 'let REDIS_URL name the host as its certificate does'],
  [/no connection within|ECONNRESET|EPROTO|closed/, 'redis:// is for a port without TLS, rediss:// for one with TLS'],
];

/** What to do about a connection that does not come about; undefined where its error tells nothing. */
export function adviceOf(error: string): string | undefined {
  return OBSTACLES.find(([pattern]) => pattern.test(error))?.[1];
}
