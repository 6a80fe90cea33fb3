/**
 * Restricts the addresses from which files are fetched and to which events are sent. URLs in commands come from authors
 * of applications. They must not reach services that only this host can access: local ports, the private network, the
 * cloud metadata service.
 */
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { SoundError } from './errors';

/** Networks that are not public: IANA's special-purpose registry, and multicast. */
const NOT_PUBLIC_V4: readonly [string, number][] = [
  ['0.0.0.0', 8], // this network
  ['10.0.0.0', 8], // private
  ['100.64.0.0', 10], // behind a carrier's NAT
  ['127.0.0.0', 8], // loopback
  ['168.63.129.16', 32], // Azure platform services
  ['169.254.0.0', 16], // link-local, metadata services
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // protocol assignments
  ['192.0.2.0', 24], // documentation
  ['192.88.99.0', 24], // 6to4 relays
  ['192.168.0.0', 16], // private
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, broadcast
];

/** Networks within global unicast (2000::/3) that are not public. All other IPv6 addresses are not public either. */
const NOT_PUBLIC_V6: readonly [string, number][] = [
  ['2001::', 23], // protocol assignments, Teredo
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4, which contains an IPv4 address
  ['3fff::', 20], // documentation
];

const notPublicV4 = blockList('ipv4', NOT_PUBLIC_V4);
const notPublicV6 = blockList('ipv6', NOT_PUBLIC_V6);
const globalV6 = blockList('ipv6', [['2000::', 3]]);

/** Whether an IPv4 or IPv6 address is public. Returns false for any other text. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !notPublicV4.check(address, 'ipv4');
    case 6:
      return !address.includes('%') && globalV6.check(address, 'ipv6') && !notPublicV6.check(address, 'ipv6');
    default:
      return false;
  }
}

/** Whether connections to an IP address are allowed. */
export type IsAllowed = (address: string) => boolean;

/** Creates the error for a host that is not allowed. */
export type NotAllowed = (host: string) => Error;

/**
 * A `lookup` function for sockets that returns allowed addresses only. The socket connects to the address that was
 * checked, even if the name resolves to another address later (DNS rebinding). Sockets do not look up literal
 * addresses: see `refuseLiteral`.
 */
export function guardedLookup(
  isAllowed: IsAllowed,
  lookup: typeof dnsLookup = dnsLookup,
  notAllowed: NotAllowed = fileNotAllowed,
): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      try {
        if (error) return callback(error, '', 0);
        const allowed = addresses.filter(({ address }) => isAllowed(address));
        const [first] = allowed;
        if (!first) return callback(notAllowed(hostname), '', 0);
        if (options.all) return callback(null, allowed);
        callback(null, first.address, first.family);
      } catch (thrown) {
        callback(thrown instanceof Error ? thrown : new Error(String(thrown)), '', 0);
      }
    });
  };
}

/** @throws the error from `notAllowed` if the host of the URL is an IP address that is not allowed */
export function refuseLiteral(url: URL, isAllowed: IsAllowed, notAllowed: NotAllowed = fileNotAllowed): void {
  // The URL parser has normalised octal, hexadecimal and shortened IPv4 addresses.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) && !isAllowed(host)) throw notAllowed(url.hostname);
}

function fileNotAllowed(host: string): SoundError {
  return new SoundError(
    'address-not-allowed',
    `${host} is not on the public internet: files are fetched from public addresses only`,
  );
}

function blockList(family: 'ipv4' | 'ipv6', subnets: readonly [string, number][]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of subnets) list.addSubnet(network, prefix, family);
  return list;
}
