/** Finds settings that are valid by themselves but conflict with each other. */
import { isWildcard } from '../addresses/host-port';
import { settings } from './settings';

type Given = Readonly<Record<string, string | undefined>>;

export interface Listener {
  setting: 'PORT' | 'PLATFORM_PORT' | 'SIP_PORT' | 'SIP_TLS_PORT';
  host: string;
}

/**
 * Returns a fault for each pair of ports that conflict.
 * @param listeners the ports that the command opens
 */
export function faultsOfPorts(given: Given, listeners: readonly Listener[]): string[] {
  const faults: string[] = [];
  for (const [index, second] of listeners.entries()) {
    const port = portOf(given, second.setting);
    if (port === undefined || port === 0) continue;
    for (const first of listeners.slice(0, index))
      if (portOf(given, first.setting) === port && overlap(first.host, second.host))
        faults.push(`${second.setting} is ${port}, like ${first.setting}; set a different port`);
  }
  return [...faults, ...faultsOfRtp(given, listeners)];
}

/** SIP over UDP and RTP use ports of the same host. */
function faultsOfRtp(given: Given, listeners: readonly Listener[]): string[] {
  const rtp = settings.shape.RTP_PORTS.safeParse(given['RTP_PORTS']).data;
  const port = portOf(given, 'SIP_PORT') ?? 0;
  if (!rtp || !listeners.some(({ setting }) => setting === 'SIP_PORT') || port < rtp.from || port > rtp.to) return [];
  return [`RTP_PORTS ${rtp.from}-${rtp.to} contains SIP_PORT ${port}; give a range without it`];
}

/** undefined: the port is invalid, which the schema reports. */
const portOf = (given: Given, setting: Listener['setting']): number | undefined =>
  settings.shape[setting].safeParse(given[setting]).data;

/** Whether listeners on both hosts would conflict on the same port. */
function overlap(one: string, other: string): boolean {
  const address = (host: string) => (host === 'localhost' ? '127.0.0.1' : host);
  return isWildcard(one) || isWildcard(other) || address(one) === address(other);
}
