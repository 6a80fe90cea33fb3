import type { NetworkInterfaceInfo } from 'node:os';
import { createIsOwnAddress, isOwnAddress, localAddressFor } from '../../../src/sip/transport/local-address';

const interfaceOf = (address: string, cidr: string, internal = false): NetworkInterfaceInfo =>
  address.includes(':')
    ? { family: 'IPv6', address, cidr, internal, netmask: '', mac: '', scopeid: 0 }
    : { family: 'IPv4', address, cidr, internal, netmask: '', mac: '' };

const INTERFACES = [
  interfaceOf('127.0.0.1', '127.0.0.1/8', true),
  interfaceOf('10.0.0.5', '10.0.0.5/24'),
  interfaceOf('172.17.0.1', '172.17.0.1/16'),
  interfaceOf('fe80::1', 'fe80::1/64'),
  interfaceOf('2001:db8::5', '2001:db8::5/64'),
];
const PUBLIC = '203.0.113.7';

it.each([
  ['127.0.0.1', '0.0.0.0', PUBLIC, '127.0.0.1'],
  ['::1', '::', undefined, '::1'],
  ['10.0.0.99', '0.0.0.0', PUBLIC, '10.0.0.5'],
  ['172.17.3.4', '0.0.0.0', PUBLIC, '172.17.0.1'],
  ['198.51.100.1', '0.0.0.0', PUBLIC, PUBLIC],
  ['198.51.100.1', '0.0.0.0', undefined, '10.0.0.5'],
  ['198.51.100.1', '10.0.0.5', PUBLIC, PUBLIC],
  ['198.51.100.1', '10.0.0.5', undefined, '10.0.0.5'],
  ['10.0.0.99', '10.0.0.5', PUBLIC, '10.0.0.5'],
  ['2001:db8::77', '::', undefined, '2001:db8::5'],
  ['2001:db9::77', '::', undefined, '2001:db8::5'],
  // The default gateway may stand for any external peer.
  ['10.0.0.1', '0.0.0.0', PUBLIC, PUBLIC],
  ['10.0.0.1', '0.0.0.0', undefined, '10.0.0.5'],
])('towards %s, listening on %s, public %s: %s', (remote, host, publicAddress, expected) => {
  expect(localAddressFor(remote, { host, publicAddress }, INTERFACES, ['10.0.0.1'])).toBe(expected);
});

it('is the loopback address without a network', () => {
  expect(localAddressFor('198.51.100.1', { host: '0.0.0.0' }, INTERFACES.slice(0, 1))).toBe('127.0.0.1');
});

it.each([
  ['10.0.0.5', '0.0.0.0', true],
  ['localhost', '0.0.0.0', true],
  [PUBLIC, '127.0.0.1', true],
  ['localhost', '127.0.0.1', true],
  ['10.0.0.5', '127.0.0.1', false],
  ['example.com', '0.0.0.0', false],
])('%s, listening on %s: own is %s', (name, host, own) => {
  expect(isOwnAddress(name, { host, publicAddress: PUBLIC }, INTERFACES)).toBe(own);
});

it('recognises own source addresses in the notation of the socket', () => {
  const isOwn = createIsOwnAddress({ host: '::', publicAddress: PUBLIC });
  expect(['127.0.0.1', '::ffff:127.0.0.1', '::1', PUBLIC, `::ffff:${PUBLIC}`].map(isOwn)).toEqual(Array(5).fill(true));
  expect(['192.0.2.77', '::ffff:192.0.2.77'].map(isOwn)).toEqual([false, false]);
});
