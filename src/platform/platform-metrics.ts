/** Prometheus metrics of one platform, in a separate registry. */
import type { RequestHandler } from 'express';
import { Counter, Gauge, type Registry } from 'prom-client';
import { createInstruments } from '../support/instruments';

export type SipAuthFailure = 'credentials' | 'address' | 'disabled' | 'throttled';

export interface PlatformMetrics {
  sipAuthFailed(reason: SipAuthFailure): void;
  /** Counts the RTP packets of an ended media leg. */
  rtpEnded(packets: { received: number; lost: number; dropped: number; ignored: number }): void;
  recordingFailed(): void;
  /** Sets the sources that gauges read at each scrape. */
  watch(sources: GaugeSources): void;
  readonly countReplies: RequestHandler;
  render(): Promise<string>;
  readonly contentType: string;
}

export interface GaugeSources {
  /** Active calls, by state. */
  calls(): ReadonlyMap<string, number>;
  registrations(): number;
  /** `free` is undefined if the system chooses the ports. */
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
    help: 'Refused SIP requests: wrong credentials, credentials of another address or of a disabled endpoint, too many failures',
    labelNames: ['reason'],
    registers,
  });
  // Each series begins at 0, so that its first event is visible as an increase.
  for (const reason of ['credentials', 'address', 'disabled', 'throttled'] as const) authFailures.inc({ reason }, 0);
  const packets = new Counter({
    name: 'tandem_platform_rtp_packets_total',
    help: 'RTP packets of ended calls: received, lost, dropped as malformed, ignored because of another source',
    labelNames: ['outcome'],
    registers,
  });
  const recordings = new Counter({
    name: 'tandem_platform_recordings_failed_total',
    help: 'Recordings that were lost or cut short',
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
    help: 'Active calls, by state',
    labelNames: ['state'],
    registers,
    collect() {
      this.reset();
      for (const state of ['started', 'active']) this.set({ state }, sources.calls().get(state) ?? 0);
    },
  });
  new Gauge({
    name: 'tandem_platform_registrations',
    help: 'Contacts of registered phones',
    registers,
    collect() {
      this.set(sources.registrations());
    },
  });
  new Gauge({
    name: 'tandem_platform_rtp_ports',
    help: 'Used and free ports of RTP_PORTS',
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
    help: 'Exceptions of callbacks; each one ended at most one call',
    registers,
    collect() {
      this.reset();
      this.inc(sources.internalErrors());
    },
  });
}
