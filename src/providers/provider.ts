/** The seam between the engine and the voice platforms that it can drive. */
import type { IncomingHttpHeaders } from 'node:http';
import type { CallCapabilities } from '../calls/capabilities';
import type { CallCommand } from '../calls/commands';
import type { CallEvent } from '../calls/events';
import type { LiveCall, Outcome } from '../calls/outcomes';

export interface Provider {
  /** Stable, kebab-case. */
  name: string;
  capabilities: Capabilities;
  webhook: WebhookAdapter;
  control: CallControl;
  /** undefined: nothing to check, as this process has set the platform up */
  check?: ProviderCheck | undefined;
}

/** What the engine asks before it relies on a provider. */
export interface Capabilities {
  /** Goes into each session, which keeps to it. */
  calls: CallCapabilities;
  /** Whether `listLive` works: recovery compares its list with the sessions. */
  listLive: boolean;
}

/** A request of the provider as it came: verification needs its bytes. */
export interface RawWebhook {
  method: string;
  headers: IncomingHttpHeaders;
  query: Readonly<Record<string, unknown>>;
  body: Buffer;
}

export type ParsedWebhook =
  | { type: 'events'; events: readonly CallEvent[] }
  /** An event of a type that this version does not know. It is logged and acknowledged. */
  | { type: 'unknown'; name: string }
  /** `fault` says what is wrong, for the reply with 400. */
  | { type: 'malformed'; fault: string };

/** The provider's side of `/webhooks`: one router serves every provider. */
export interface WebhookAdapter {
  /** Below the server's origin, with a slash. */
  path: string;
  methods: readonly ('GET' | 'POST')[];
  /** Takes requests without credentials. */
  open: boolean;
  /** Whether `verify` needs the body. Otherwise it is called before the body is read, with an empty one. */
  signsBody: boolean;
  /** The `WWW-Authenticate` of a 401. */
  challenge: string;
  /** Whether the request is the provider's. Undefined: it has no credentials, or no signature. */
  verify(raw: RawWebhook): boolean | undefined;
  parse(raw: RawWebhook): ParsedWebhook;
}

/** Why the server is not ready, as `/readyz` says it. */
export type ProviderFault = 'platform-credentials' | 'platform-unreachable' | 'application-url';

/** Whether the provider accepts our credentials and sends its events here. */
export interface ProviderCheck {
  /** Asks the provider, if it is time to. Never rejects. */
  run(): Promise<void>;
  /** What keeps the server from being ready; waits for the first answer. */
  fault(): Promise<ProviderFault | undefined>;
}

/**
 * Settles before a request is sent whose effect cannot be taken back, each time; rejects with NotWantedError where it is
 * not to be sent.
 */
export type BeforeSend = () => Promise<void>;

export interface SendOptions {
  /** Aborted when the flow no longer wants the command: then it is not sent (again), but its reply is still awaited. */
  signal: AbortSignal;
  beforeSend?: BeforeSend;
}

export interface CallControl {
  /**
   * Carries out a command, retries included. Never rejects for a fault of the provider or of the network. A command whose
   * effect cannot be undone is never repeated blindly.
   */
  send(command: CallCommand, options: SendOptions): Promise<Outcome>;
  /** The calls that ring or are up, among those that began within the last `ageMs`; newest first. Rejects on failure. */
  listLive(ageMs: number, signal: AbortSignal): Promise<LiveCall[]>;
  close(): void;
}
