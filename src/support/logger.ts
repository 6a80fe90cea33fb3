import pino from 'pino';
import { maskNumbers, maskValue } from './log-numbers';

/**
 * Fields of a log line. `event` is a stable code in kebab-case, for machines. Fields that pino writes itself are
 * forbidden: the line would contain the same key twice.
 */
export interface LogFields {
  event: string;
  level?: never;
  time?: never;
  msg?: never;
  [name: string]: unknown;
}

/** Fields that every line of a child logger has. A field of a line replaces a binding of the same name. */
export interface LogBindings {
  event?: never;
  level?: never;
  time?: never;
  msg?: never;
  [name: string]: unknown;
}

/** @param text for people. It may change: code and tests must not match it. */
type Write = (fields: LogFields, text: string) => void;

export interface Logger {
  trace: Write;
  debug: Write;
  info: Write;
  warn: Write;
  error: Write;
  fatal: Write;
  child(bindings: LogBindings): Logger;
}

/**
 * Fields whose values are replaced in log lines. The list covers top-level fields and request headers only: a wildcard
 * makes a line ten times as expensive (bench/README.md), and Tandem logs nothing that is nested deeper.
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

/** Replaces `user:password@` in every URL of the text with `***@`: callback URLs contain credentials. */
export function redactUrl(text: string): string {
  return text.replace(/\/\/[^/@\s]+@/g, '//***@');
}

export type NumbersInLog = 'full' | 'masked';

export interface LoggerOptions {
  /** One of pino's levels, or `silent`. */
  level: string;
  /** Human-readable output for a terminal instead of JSON lines. */
  pretty: boolean;
  /** Whether telephone numbers and SIP users are masked. Default: `full`. */
  numbers?: NumbersInLog;
  /** Receives the lines. Default: standard output. */
  destination?: { write(line: string): void };
  /** Called when the reader of standard output has gone (EPIPE). */
  onClosed?: () => void;
}

/** Creates the logger of the process. Components use `logger.child({ … })`. */
export function createLogger({ level, pretty, numbers = 'full', destination, onClosed }: LoggerOptions): Logger {
  const options: pino.LoggerOptions = {
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
  };
  const root = pretty ? pino(options) : pino(options, destination ?? standardOutput(onClosed));
  return withBindings(root, {}, numbers === 'masked');
}

function standardOutput(onClosed?: () => void): pino.DestinationStream {
  const stream = pino.destination({ dest: 1, sync: false });
  // eslint-disable-next-line tandem/guarded-callbacks -- errors of the log itself cannot be logged
  if (onClosed) stream.on('error', onClosed);
  return stream;
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

/** Merges bindings itself: pino would write a key twice if it is both a binding and a field. */
function withBindings(root: pino.Logger, bindings: LogBindings, masked: boolean): Logger {
  const writer =
    (level: (typeof LEVELS)[number]): Write =>
    (fields, text) => {
      if (!root.isLevelEnabled(level)) return;
      const line = { ...bindings, ...fields };
      if (masked) root[level](maskValue(line), maskNumbers(text));
      else root[level](line, text);
    };
  const child = (more: LogBindings): Logger => withBindings(root, { ...bindings, ...more }, masked);
  const [trace, debug, info, warn, error, fatal] = LEVELS.map(writer) as [Write, Write, Write, Write, Write, Write];
  return { trace, debug, info, warn, error, fatal, child };
}
