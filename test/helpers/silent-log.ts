import pino from 'pino';
import type { Logger } from '../../src/support/logger';

/**
 * A log that writes nothing. It has a destination of its own: pino opens the standard output by default, and that takes
 * a tick, which fake timers count.
 */
export const silentLog: Logger = pino({ level: 'silent' }, { write: () => undefined });
