import { isSipUser, normaliseSipUri, parseSipUri } from '../../src/protocol/sip-uri';

describe('a SIP URI', () => {
  it.each([
    ['sip:bob@example.com', 'sip:bob@example.com'],
    ['bob@example.com', 'sip:bob@example.com'],
    ['SIPS:Bob@EXAMPLE.com:5061;transport=tls?x=y', 'sip:Bob@example.com'],
    ['sip:bob:password@example.com', 'sip:bob@example.com'],
    ['sip:+15551234567;phone-context=x@example.com', 'sip:+15551234567@example.com'],
    ['sip:%62ob@example.com', 'sip:bob@example.com'],
    ['sip:%ff@example.com', 'sip:%ff@example.com'],
    ['sip:bob@[2001:DB8::1]:5060', 'sip:bob@[2001:db8::1]'],
    ['  sip:bob@127.0.0.1 ', 'sip:bob@127.0.0.1'],
    ['<sip:bob@example.com;transport=udp>', 'sip:bob@example.com'],
    ['"Bob B." <sip:bob@example.com>;tag=x', 'sip:bob@example.com'],
  ])('%s is %s', (text, normal) => expect(normaliseSipUri(text)).toBe(normal));

  it.each([
    '',
    'bob',
    'sip:',
    'sip:bob@',
    'sip:@host',
    '<sip:bob@host',
    'sip:b ob@host',
    'sip:a@b@c',
    'sip:a@b:port',
    'tel:+1',
    'sip:b%zz@host',
  ])('%j is none', (text) => expect(parseSipUri(text)).toBeUndefined());

  it('has a user of the characters of RFC 3261', () => {
    expect(["-_.!~*'()&=+$,;?/", '%41'].every(isSipUser)).toBe(true);
    expect(['', 'a b', 'ä', '%4', 'a@b', '"'].some(isSipUser)).toBe(false);
  });
});
