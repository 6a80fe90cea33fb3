import { isWildcard, localUrl, printHostPort } from '../../src/addresses/host-port';

describe('an address', () => {
  it.each([
    [{ host: 'example.com' }, 'example.com'],
    [{ host: '127.0.0.1', port: 5060 }, '127.0.0.1:5060'],
    [{ host: '2001:db8::1' }, '[2001:db8::1]'],
    [{ host: '::1', port: 0 }, '[::1]:0'],
  ])('%j is written %s', (address, text) => expect(printHostPort(address)).toBe(text));

  it.each(['0.0.0.0', '::', ''])('%j is a wildcard', (host) => expect(isWildcard(host)).toBe(true));
  it.each(['127.0.0.1', '::1', 'localhost'])('%j is a single address', (host) => expect(isWildcard(host)).toBe(false));
});

describe('a server', () => {
  it.each([
    ['0.0.0.0', 'http://127.0.0.1:80'],
    ['::', 'http://127.0.0.1:80'],
    ['', 'http://127.0.0.1:80'],
    ['::1', 'http://[::1]:80'],
    ['localhost', 'http://localhost:80'],
  ])('that listens on %j is named so that it can be reached', (host, url) => expect(localUrl(host, 80)).toBe(url));
});
