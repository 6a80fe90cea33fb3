import pino, { type Logger } from 'pino';

export type { Logger };

const SECRET_FIELDS = ['password', 'secret', 'authorization', 'apiSecret', 'apiToken', 'token', 'webhookPassword'];

/** Paths that never reach a log line, at the top and one level down. */
const REDACTED = SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

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
