/** The seam between the engine and the voice platforms that it can drive. */
import type { CallCommand } from '../calls/commands';
import type { LiveCall, Outcome } from '../calls/outcomes';

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
