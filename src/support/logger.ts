import pino from 'pino';
import { maskNumbers, maskValue } from './log-numbers';

/**
 * One log line: `event` is its stable code in kebab-case, for machines. What pino writes itself must not be a field, or the
 * line has the same key twice.
 */
export interface LogFields {
  event: string;
  level?: never;
  time?: never;
  msg?: never;
  [name: string]: unknown;
}

/** What every line of a child carries. A field of a line replaces a binding of the same name. */
export interface LogBindings {
  event?: never;
  level?: never;
  time?: never;
  msg?: never;
  [name: string]: unknown;
}

/** @param text for people: it may change, so neither code nor tests match it */
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

export type NumbersInLog = 'full' | 'masked';

export interface LoggerOptions {
  /** One of pino's levels, or `silent`. */
  level: string;
  /** For people (a terminal) rather than for machines (JSON lines). */
  pretty: boolean;
  /** Whether telephone numbers and SIP users are written whole; by default they are. */
  numbers?: NumbersInLog;
  /** Where the lines go instead of to standard output. */
  destination?: { write(line: string): void };
  /** The program that read the standard output has ended (EPIPE). */
  onClosed?: () => void;
}

/** The one logger of a process; parts of it take `logger.child({ … })`. */
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
  return over(root, {}, numbers === 'masked');
}

function standardOutput(onClosed?: () => void): pino.DestinationStream {
  const stream = pino.destination({ dest: 1, sync: false });
  // eslint-disable-next-line tandem/guarded-callbacks -- an error of the log cannot be logged
  if (onClosed) stream.on('error', onClosed);
  return stream;
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

/** Bindings are merged here and not by pino, which would write a key that is in both of them twice. */
function over(root: pino.Logger, bindings: LogBindings, masked: boolean): Logger {
  const writer =
    (level: (typeof LEVELS)[number]): Write =>
    (fields, text) => {
      if (!root.isLevelEnabled(level)) return;
      const line = { ...bindings, ...fields };
      if (masked) root[level](maskValue(line), maskNumbers(text));
      else root[level](line, text);
    };
  const child = (more: LogBindings): Logger => over(root, { ...bindings, ...more }, masked);
  const [trace, debug, info, warn, error, fatal] = LEVELS.map(writer) as [Write, Write, Write, Write, Write, Write];
  return { trace, debug, info, warn, error, fatal, child };
}
