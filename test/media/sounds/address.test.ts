/** Which addresses are allowed for fetching files. */
import type { LookupAddress } from 'node:dns';
import { isPublicAddress, guardedLookup, refuseLiteral } from '../../../src/media/sounds/address';

it.each([
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '100.127.255.255',
  '127.0.0.1',
  '127.255.255.254',
  '168.63.129.16',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.1',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '239.255.255.250',
  '255.255.255.255',
  '::',
  '::1',
  '0:0:0:0:0:0:0:1',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:0:127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::1',
  '100::1',
  '2001::1', // Teredo
  '2001:db8::1',
  '2002:7f00:1::', // 6to4 of 127.0.0.1
  '3fff::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%eth0',
  'fec0::1',
  'ff02::1',
  'localhost',
  '',
])('%j is not public', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

it.each(['8.8.8.8', '100.63.255.255', '100.128.0.0', '172.15.0.1', '172.32.0.1', '192.169.0.1', '223.255.255.255'])(
  '%s is public',
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);
it.each(['2606:4700:4700::1111', '2a00:1450::1', '2001:4860:4860::8888'])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

it.each([
  'http://127.0.0.1/',
  'http://127.1/',
  'http://2130706433/',
  'http://0x7f000001/',
  'http://0x7f.0.0.1/',
  'http://0177.0.0.1/',
  'http://127.0.0.1./',
  'http://%31%32%37.0.0.1/',
  'http://１２７.０.０.１/',
  'http://0/',
  'http://[::1]/',
  'http://[0:0::1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://user:pw@169.254.169.254/latest/meta-data',
  'http://3232235777/',
])('%s is not allowed', (url) => {
  expect(() => refuseLiteral(new URL(url), isPublicAddress)).toThrow(
    expect.objectContaining({ code: 'address-not-allowed' }),
  );
});

it.each(['http://8.8.8.8/', 'http://[2606:4700::1]/', 'http://example.com/'])('%s is allowed', (url) => {
  expect(() => refuseLiteral(new URL(url), isPublicAddress)).not.toThrow();
});

describe('the lookup of a name', () => {
  const leadsTo = (...addresses: string[]): ReturnType<typeof guardedLookup> => {
    const resolve = (_name: string, _options: object, callback: (error: null, found: LookupAddress[]) => void): void =>
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    return guardedLookup(isPublicAddress, resolve as never);
  };
  const found = (lookup: ReturnType<typeof guardedLookup>, all: boolean): Promise<unknown> =>
    new Promise((resolve) =>
      lookup('name.example', { all }, (error, address) => resolve(error ? (error as { code?: string }).code : address)),
    );

  it('returns public addresses only', async () => {
    const lookup = leadsTo('10.0.0.1', '8.8.8.8', '::1', '2606:4700::1');
    expect(await found(lookup, false)).toBe('8.8.8.8');
    expect(await found(lookup, true)).toEqual([
      { address: '8.8.8.8', family: 4 },
      { address: '2606:4700::1', family: 6 },
    ]);
  });

  it('fails if the check throws', async () => {
    const resolve = (_name: string, _options: object, callback: (error: null, found: LookupAddress[]) => void): void =>
      callback(null, [{ address: '8.8.8.8', family: 4 }]);
    const broken = Object.assign(new Error('the check is broken'), { code: 'broken' });
    const lookup = guardedLookup(() => {
      throw broken;
    }, resolve as never);
    expect(await found(lookup, true)).toBe('broken');
  });

  it('fails if there is none', async () => {
    expect(await found(leadsTo('127.0.0.1', 'fe80::1'), true)).toBe('address-not-allowed');
    expect(await found(leadsTo(), false)).toBe('address-not-allowed');
  });
});
