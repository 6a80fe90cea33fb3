/** What the tests of the webhook half are made of: events, a plan, a log that is read back, a client that is played. */
import { createInternalErrors, type InternalErrors } from '../../src/support/internal-errors';
import type { Express } from 'express';
import { createApp, type AppDeps } from '../../src/server/app';
import type { EndCause } from '../../src/calls/causes';
import type { CallCommand, CommandType } from '../../src/calls/commands';
import type { AnsweredEvent, EndedEvent, OfferedEvent, SpeechEvent } from '../../src/calls/events';
import type { CallSnapshot, CommandResult, LiveCall } from '../../src/calls/outcomes';
import { outcomeOf } from '../../src/providers/outcome';
import { createV1Webhook, type V1WebhookOptions } from '../../src/providers/bandwidth-v1/webhook';
import type { CallControl, SendOptions } from '../../src/providers/provider';
import { createMemoryStore } from '../../src/store/memory-store';
import type { FlowStore } from '../../src/store/store';
import type { DialPlan } from '../../src/dial-plan/dial-plan';
import { createEngine, type Engine, type EngineDeps } from '../../src/engine/engine';
import type { Limits } from '../../src/flows/flow';
import { createLogger, type Logger } from '../../src/support/logger';
import { createMetrics, type Metrics } from '../../src/engine/metrics';

export const NUMBER = '+1555444333';
export const ENDPOINT = 'sip:jsmith_mobile@xyz-corp-testing.bwapp.bwsip.io';
export const PSTN = '+15552223333';
export const CALLER = 'c-caller';
export const CALLEE = 'c-callee';

export const PLAN: DialPlan = {
  lines: [{ number: NUMBER, endpoint: ENDPOINT }],
  defaultCountry: 'US',
  callTimeout: 30,
};

export const LIMITS: Limits = {
  stepMs: 15_000,
  maxCallMs: 3_600_000,
  legCheckMs: 0,
  confirmMs: 1_000,
  endingMs: 600_000,
};

/** The phone dials the PSTN. */
export function offerOf(over: Partial<OfferedEvent> = {}): OfferedEvent {
  return { type: 'offered', callId: CALLER, from: ENDPOINT, to: PSTN, ...over };
}

export function answerOf(callId: string, over: Partial<AnsweredEvent> = {}): AnsweredEvent {
  return { type: 'answered', callId, ...over };
}

export function endOf(callId: string, cause: EndCause = 'normal', over: Partial<EndedEvent> = {}): EndedEvent {
  return { type: 'ended', callId, cause, ...over };
}

export function speechOf(callId: string, state: SpeechEvent['state'], over: Partial<SpeechEvent> = {}): SpeechEvent {
  return { type: 'speech', callId, state, ...over };
}

export type LogLine = Record<string, unknown> & { level: number; event: string; msg: string };

export interface RecordingLog {
  log: Logger;
  lines: LogLine[];
  /** The first line that fits, seen or yet to come. */
  line: (fits: (line: LogLine) => boolean) => Promise<LogLine>;
}

/** Whether any object of a JSON text has a key twice. */
export function hasKeyTwice(text: string): boolean {
  const objects: Set<string>[] = [];
  for (const [token, isKey] of text.matchAll(/"(?:[^"\\]|\\.)*"(:)?|[{}]/g)) {
    const keys = objects.at(-1);
    if (token === '{') objects.push(new Set());
    else if (token === '}') objects.pop();
    else if (isKey && keys?.has(token)) return true;
    else if (isKey) keys?.add(token);
  }
  return false;
}

/** @throws where the line has a key twice, which JSON.parse does not show, or no event code */
export function readLogLine(text: string): LogLine {
  const line = JSON.parse(text) as LogLine;
  if (hasKeyTwice(text)) throw new Error(`a log line with a key twice: ${text}`);
  if (!/^[a-z]+(?:[-.][a-z0-9]+)*$/.test(line.event)) throw new Error(`a log line without an event code: ${text}`);
  return line;
}

export function recordingLog(): RecordingLog {
  const lines: LogLine[] = [];
  const waiting = new Set<() => void>();
  const log = createLogger({
    level: 'trace',
    pretty: false,
    destination: {
      write(text) {
        lines.push(readLogLine(text));
        for (const check of [...waiting]) check();
      },
    },
  });
  return {
    log,
    lines,
    line: (fits) =>
      new Promise((resolve) => {
        const check = (): void => {
          const found = lines.find(fits);
          if (!found) return;
          waiting.delete(check);
          resolve(found);
        };
        waiting.add(check);
        check();
      }),
  };
}

export type CommandName = CommandType | 'list-live';

/** A command as the provider was asked for it; the test says what comes of it. */
export interface Asked {
  name: CommandName;
  argument: unknown;
  signal: AbortSignal;
  /** @param result as in `Results` */
  done(result?: unknown): Promise<void>;
  fail(error: Error): Promise<void>;
}

/** What a command comes to: the new call's id, the bridge's id, what was seen; nothing for the others. */
export interface Results {
  dial: string;
  bridge: string | undefined;
  find: CallSnapshot[];
  look: CallSnapshot;
  'list-live': LiveCall[];
  answer: undefined;
  reject: undefined;
  'hang-up': undefined;
  say: undefined;
}

function resultOf(name: CommandType, value: unknown): CommandResult {
  switch (name) {
    case 'dial':
      return { callId: value as string };
    case 'bridge':
      return { bridgeId: value as string | undefined };
    case 'find':
      return { seen: value as CallSnapshot[] };
    case 'look':
      return { seen: [value as CallSnapshot] };
    default:
      return {};
  }
}

/** What tells one command from another of its type. */
function argumentOf(command: CallCommand): unknown {
  switch (command.type) {
    case 'answer':
    case 'reject':
    case 'hang-up':
    case 'look':
      return command.callId;
    case 'bridge':
      return command.callIds;
    case 'say':
      return { callId: command.callId, ...command.speech, correlation: command.correlation };
    default: {
      const { type: _, ...request } = command;
      return request;
    }
  }
}

/** Carries out a command in place of the test; what it resolves with is as in `Results`. */
type Override = (command: CallCommand, options: SendOptions) => Promise<unknown>;

export interface FakeControl extends CallControl {
  on(name: CommandType, override: Override): void;
  asked: Asked[];
  /** The names of all commands so far, in order. */
  names(): CommandName[];
  /** The newest command of this name. */
  last(name: CommandName): Asked;
}

/** @param results what is answered at once; a command without an entry waits for the test */
export function fakeControl(results: Partial<Results> = {}): FakeControl {
  const asked: Asked[] = [];
  const overrides = new Map<CommandType, Override>();
  const ask = <T>(name: CommandName, argument: unknown, signal: AbortSignal): Promise<T> => {
    if (name in results) {
      asked.push({ name, argument, signal, done: flush, fail: flush });
      return Promise.resolve(results[name] as T);
    }
    return new Promise((resolve, reject) => {
      asked.push({
        name,
        argument,
        signal,
        done(result) {
          resolve(result as T);
          return flush();
        },
        fail(error) {
          reject(error);
          return flush();
        },
      });
    });
  };
  return {
    asked,
    names: () => asked.map(({ name }) => name),
    last(name) {
      const found = asked.findLast((command) => command.name === name);
      if (!found) throw new Error(`${name} was never asked for, only ${asked.map((command) => command.name).join()}`);
      return found;
    },
    on: (name, override) => void overrides.set(name, override),
    send: (command, options) => {
      const override = overrides.get(command.type);
      const asking = override?.(command, options) ?? ask<unknown>(command.type, argumentOf(command), options.signal);
      return outcomeOf(
        asking.then((value) => resultOf(command.type, value)),
        new Map(),
      );
    },
    listLive: (ageMs, signal) => ask<LiveCall[]>('list-live', ageMs, signal),
    close: () => undefined,
  };
}

/** A provider that succeeds in everything at once. */
export function willingControl(): FakeControl {
  return fakeControl({
    dial: CALLEE,
    find: [],
    'list-live': [],
    look: { callId: CALLER, state: 'answered' },
    answer: undefined,
    reject: undefined,
    'hang-up': undefined,
    bridge: 'brg-1',
    say: undefined,
  });
}

/** Lets everything happen that is due already: microtasks, and one turn of the event loop. */
export function flush(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export interface TestEngine extends RecordingLog {
  engine: Engine;
  store: FlowStore;
  control: FakeControl;
  metrics: Metrics;
  internalErrors: InternalErrors;
  /** What the engine takes for the time; the test moves it. */
  clock: { now: number };
}

export interface EngineOptions {
  store?: FlowStore;
  control?: FakeControl;
  plan?: DialPlan;
  limits?: Partial<Limits>;
  records?: EngineDeps['records'];
  /** Instead of the clock of the result. */
  now?: () => number;
}

export function testEngine(options: EngineOptions = {}): TestEngine {
  const { store = createMemoryStore(), control = fakeControl(), plan = PLAN } = options;
  const recording = recordingLog();
  const internalErrors = createInternalErrors(recording.log);
  const metrics = createMetrics(store, internalErrors);
  const clock = { now: 1_700_000_000_000 };
  const limits = { ...LIMITS, ...options.limits };
  const engine = createEngine({
    store,
    control,
    log: recording.log,
    internalErrors,
    metrics,
    records: options.records,
    plan,
    limits,
    now: options.now ?? (() => clock.now),
  });
  return { ...recording, engine, store, control, metrics, internalErrors, clock };
}

export interface TestApp extends TestEngine {
  app: Express;
}

export function testApp(
  options: EngineOptions &
    Partial<Pick<AppDeps, 'apiToken' | 'origins' | 'sentenceFault'>> & {
      webhookCredentials?: V1WebhookOptions['credentials'];
      webhookMethod?: V1WebhookOptions['method'];
    } = {},
): TestApp {
  const { webhookCredentials: credentials, webhookMethod: method = 'POST', apiToken, plan = PLAN } = options;
  const { origins = { own: [], allowed: [] }, sentenceFault } = options;
  const parts = testEngine({ control: willingControl(), ...options });
  const provider = { webhook: createV1Webhook({ credentials, method }) };
  const deps = { ...parts, plan, provider, apiToken, origins, sentenceFault };
  return { ...parts, app: createApp(deps) };
}

/** A store of which some methods fail. */
export function failingStore(...methods: (keyof FlowStore)[]): FlowStore {
  const fail = () => Promise.reject(new Error('disk full at /var/secret'));
  return { ...createMemoryStore(), ...Object.fromEntries(methods.map((name) => [name, fail])) };
}
