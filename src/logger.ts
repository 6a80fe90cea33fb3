import pino, { type Logger } from 'pino';

export type { Logger };

/**
 * What never reaches a log line. Only names at the top of a line and the header of a request: a wildcard costs ten times
 * the line itself (bench/README.md), and no line of Tandem nests what it logs any deeper.
 */
const REDACTED = [
  'password',
  'secret',
  'token',
  'apiToken',
  'apiSecret',
  'sipPassword',
  'authorization',
  'credentials',
  'headers.authorization',
  'req.headers.authorization',
];

/** `user:password@` of any URL in the text becomes `***@`: callback URLs carry credentials. */
export function redactUrl(text: string): string {
  return text.replace(/\/\/[^/@\s]+@/g, '//***@');
}

export interface LoggerOptions {
  /** One of pino's levels, or `silent`. */
  level: string;
  /** For people (a terminal) rather than for machines (JSON lines). */
  pretty: boolean;
}

/** The one logger of a process; parts of it take `logger.child({ … })`. */
export function createLogger({ level, pretty }: LoggerOptions): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: REDACTED, censor: '***' },
    ...(pretty && {
      transport: {
        target: 'pino-pretty',
        options: { colorize: true, ignore: 'requestId', translateTime: 'SYS:HH:MM:ss.l', singleLine: true },
      },
    }),
  });
}
