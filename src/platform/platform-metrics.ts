/** Prometheus metrics of one platform, in a registry of their own. */
import type { RequestHandler } from 'express';
import { Counter, Gauge, type Registry } from 'prom-client';
import { createInstruments } from '../support/instruments';

export type SipAuthFailure = 'credentials' | 'address' | 'disabled' | 'throttled';

export interface PlatformMetrics {
  sipAuthFailed(reason: SipAuthFailure): void;
  /** The media of a call are over. */
  rtpEnded(packets: { received: number; lost: number; dropped: number; ignored: number }): void;
  recordingFailed(): void;
  /** What gauges show is asked for when they are read. */
  watch(sources: GaugeSources): void;
  readonly countReplies: RequestHandler;
  render(): Promise<string>;
  readonly contentType: string;
}

export interface GaugeSources {
  /** Calls that are not over, by state. */
  calls(): ReadonlyMap<string, number>;
  registrations(): number;
  /** `free` undefined: the system chooses, and its limit is unknown. */
  rtpPorts(): { used: number; free: number | undefined };
  internalErrors(): number;
}

const ROUTES = new Map([
  ['v1', 'v1'],
  ['sandbox', 'sandbox'],
  ['healthz', 'probe'],
  ['metrics', 'metrics'],
]);

export function createPlatformMetrics(): PlatformMetrics {
  const { registry, countReplies } = createInstruments('tandem_platform', ROUTES);
  const registers = [registry];
  const authFailures = new Counter({
    name: 'tandem_platform_sip_auth_failures_total',
    help: 'SIP requests refused: wrong credentials, those of another address or of a disabled endpoint, too many failures',
    labelNames: ['reason'],
    registers,
  });
  // Series that begin at 0, so that the first of each is seen as an increase.
  for (const reason of ['credentials', 'address', 'disabled', 'throttled'] as const) authFailures.inc({ reason }, 0);
  const packets = new Counter({
    name: 'tandem_platform_rtp_packets_total',
    help: 'RTP packets of calls that are over: received, lost on the way, dropped as malformed, ignored as of another source',
    labelNames: ['outcome'],
    registers,
  });
  const recordings = new Counter({
    name: 'tandem_platform_recordings_failed_total',
    help: 'Recordings that could not be written to their end',
    registers,
  });
  return {
    sipAuthFailed: (reason) => authFailures.inc({ reason }),
    rtpEnded(counts) {
      for (const outcome of ['received', 'lost', 'dropped', 'ignored'] as const)
        packets.inc({ outcome }, counts[outcome]);
    },
    recordingFailed: () => recordings.inc(),
    watch(sources) {
      gauges(registers, sources);
    },
    countReplies,
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function gauges(registers: Registry[], sources: GaugeSources): void {
  new Gauge({
    name: 'tandem_platform_calls',
    help: 'Calls that are not over, by state',
    labelNames: ['state'],
    registers,
    collect() {
      this.reset();
      for (const state of ['started', 'active']) this.set({ state }, sources.calls().get(state) ?? 0);
    },
  });
  new Gauge({
    name: 'tandem_platform_registrations',
    help: 'Contacts of phones that are registered',
    registers,
    collect() {
      this.set(sources.registrations());
    },
  });
  new Gauge({
    name: 'tandem_platform_rtp_ports',
    help: 'Ports of RTP_PORTS that are used and free',
    labelNames: ['state'],
    registers,
    collect() {
      const { used, free } = sources.rtpPorts();
      this.set({ state: 'used' }, used);
      if (free !== undefined) this.set({ state: 'free' }, free);
    },
  });
  new Counter({
    name: 'tandem_platform_internal_errors_total',
    help: 'Exceptions of callbacks: each ended one call at most',
    registers,
    collect() {
      this.reset();
      this.inc(sources.internalErrors());
    },
  });
}
