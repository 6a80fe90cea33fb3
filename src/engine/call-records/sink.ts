/** Where call records go. */
export type RecordSink = 'file' | 'url';
export type RecordOutcome = 'written' | 'failed' | 'lost';
export type CountRecord = (sink: RecordSink, outcome: RecordOutcome) => void;

export interface Sink {
  readonly waiting: number;
  write(id: string, text: string, settled?: () => void): void;
  reopen?(): Promise<void>;
  close(ms: number): Promise<void>;
}
