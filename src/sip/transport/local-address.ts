/**
 * The address of this machine in `Via`, `Contact` and SDP, which depends on the peer. A peer on this machine or on one
 * of its networks gets the address of an interface. Every other peer gets the public address, if one is set. Default
 * gateways count as other peers: routers and Docker's proxies replace the addresses of external peers with their own.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import { isWildcard } from '../../addresses/host-port';
import { defaultGateways } from './gateways';

export interface LocalAddressOptions {
  /** Address on which the server listens; `0.0.0.0` and `::` stand for every interface. */
  host: string;
  /** Address at which external peers reach this machine. */
  publicAddress?: string | undefined;
}

/** @param remote IP address of the peer; a name counts as external */
export function localAddressFor(
  remote: string,
  { host, publicAddress }: LocalAddressOptions,
  interfaces: readonly NetworkInterfaceInfo[] = allInterfaces(),
  gateways: readonly string[] = defaultGateways(),
): string {
  const family = isIPv6(remote) ? 'IPv6' : 'IPv4';
  const specific = isWildcard(host) ? undefined : host;
  const candidates = interfaces.filter((candidate) => candidate.family === family && !isLinkLocal(candidate.address));
  if (isLoopback(remote)) return specific ?? (family === 'IPv6' ? '::1' : '127.0.0.1');
  const neighbour = candidates.find((candidate) => !candidate.internal && inNetwork(remote, candidate));
  const mayBeOutside = !neighbour || gateways.includes(remote);
  if (publicAddress !== undefined && mayBeOutside) return publicAddress;
  if (neighbour) return specific ?? neighbour.address;
  return specific ?? candidates.find(({ internal }) => !internal)?.address ?? (family === 'IPv6' ? '::1' : '127.0.0.1');
}

/** Whether a name or address (IPv6 without brackets) belongs to this machine, and the server listens there. */
export function isOwnAddress(
  name: string,
  { host, publicAddress }: LocalAddressOptions,
  interfaces: readonly NetworkInterfaceInfo[] = allInterfaces(),
): boolean {
  const wanted = name.toLowerCase();
  if (wanted === publicAddress?.toLowerCase() || wanted === host.toLowerCase()) return true;
  if (isWildcard(host)) return isLoopback(wanted) || interfaces.some(({ address }) => address === wanted);
  return isLoopback(host) && wanted === 'localhost';
}

/** Like `isOwnAddress`, but caches the interfaces, so that it can be called for every packet. */
export function createIsOwnAddress(options: LocalAddressOptions): (address: string) => boolean {
  const interfaces = cached(allInterfaces);
  return (address) => isOwnAddress(plainAddress(address), options, interfaces());
}

/** Time for which interfaces are cached; ms. */
const CACHE_MS = 10_000;
const MAX_CACHED = 2_000;

/** Like `localAddressFor`, but caches the interfaces and results, so that it can be called for every packet. */
export function createLocalAddress(options: LocalAddressOptions): (remote: string) => string {
  const lookUp = cached(() => ({
    interfaces: allInterfaces(),
    gateways: defaultGateways(),
    known: new Map<string, string>(),
  }));
  return (remote) => {
    const { interfaces, gateways, known } = lookUp();
    let address = known.get(remote);
    if (address !== undefined) return address;
    if (known.size >= MAX_CACHED) known.clear();
    known.set(remote, (address = localAddressFor(remote, options, interfaces, gateways)));
    return address;
  };
}

function cached<T>(lookUp: () => T): () => T {
  let found: T | undefined;
  let until = -Infinity;
  return () => {
    const now = performance.now();
    if (found === undefined || now >= until) {
      found = lookUp();
      until = now + CACHE_MS;
    }
    return found;
  };
}

/** Converts an IPv4-mapped address of a dual-stack socket (`::ffff:192.0.2.1`) to IPv4. */
export function plainAddress(address: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(address) ? address.slice(7) : address;
}

function isLoopback(address: string): boolean {
  return address === '::1' || address === 'localhost' || (isIPv4(address) && address.startsWith('127.'));
}

function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/i.test(address);
}

function inNetwork(address: string, { cidr, family }: NetworkInterfaceInfo): boolean {
  const [network = '', prefix = ''] = cidr?.split('/') ?? [];
  if (prefix === '' || !(family === 'IPv6' ? isIPv6(address) : isIPv4(address))) return false;
  const list = new BlockList();
  const type = family === 'IPv6' ? 'ipv6' : 'ipv4';
  list.addSubnet(network, Number(prefix), type);
  return list.check(address, type);
}

function allInterfaces(): NetworkInterfaceInfo[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
}
