/**
 * What this machine calls itself towards a peer: in `Via` and `Contact`, and in SDP. Somebody on this machine or on one of
 * its networks reaches an interface; everybody else the public address, where one is set. A default gateway is everybody else:
 * routers and Docker's proxies put their own address in place of those whom they let in.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import { isWildcard } from '../../addresses/host-port';
import { defaultGateways } from './gateways';

export interface LocalAddressOptions {
  /** What is listened on; `0.0.0.0` and `::` stand for every interface. */
  host: string;
  /** What the rest of the world reaches this machine at. */
  publicAddress?: string | undefined;
}

/** @param remote IP address of the peer; a name counts as somewhere outside */
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

/** Whether this name or address (IPv6 without brackets) is that of this machine, as far as it listens there. */
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

/** As `isOwnAddress`, for every packet. */
export function createIsOwnAddress(options: LocalAddressOptions): (address: string) => boolean {
  const interfaces = lookedUpNowAndThen(allInterfaces);
  return (address) => isOwnAddress(plainAddress(address), options, interfaces());
}

/** For how long interfaces are taken to stay as they are; ms. */
const INTERFACES_MS = 10_000;
const MAX_REMEMBERED = 2_000;

/** As `localAddressFor`, for every packet: interfaces are looked up now and then only. */
export function createLocalAddress(options: LocalAddressOptions): (remote: string) => string {
  const lookUp = lookedUpNowAndThen(() => ({
    interfaces: allInterfaces(),
    gateways: defaultGateways(),
    known: new Map<string, string>(),
  }));
  return (remote) => {
    const { interfaces, gateways, known } = lookUp();
    let address = known.get(remote);
    if (address !== undefined) return address;
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(remote, (address = localAddressFor(remote, options, interfaces, gateways)));
    return address;
  };
}

function lookedUpNowAndThen<T>(lookUp: () => T): () => T {
  let found: T | undefined;
  let until = -Infinity;
  return () => {
    const now = performance.now();
    if (found === undefined || now >= until) {
      found = lookUp();
      until = now + INTERFACES_MS;
    }
    return found;
  };
}

/** IPv4 addresses as a socket for both families shows them (`::ffff:192.0.2.1`) become plain. */
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
