import { TandemError } from '../../errors';

/** What REDIS_URL or its options say cannot be meant; the message never shows a password. */
export class RedisUrlError extends TandemError {
  readonly code = 'redis-url';
}

/** Redis answered and does not let Tandem in: a wrong password, a database that it does not have. */
export class RedisRefusedError extends TandemError {
  readonly code = 'redis-refused';
}
