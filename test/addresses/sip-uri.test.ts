import fc from 'fast-check';
import { isSipUser, normaliseSipUri, parseSipUri } from '../../src/addresses/sip-uri';

describe('a SIP URI', () => {
  it.each([
    ['sip:bob@example.com', 'sip:bob@example.com'],
    ['bob@example.com', 'sip:bob@example.com'],
    ['SIPS:Bob@EXAMPLE.com:5061;transport=tls?x=y', 'sip:Bob@example.com'],
    ['sip:bob:password@example.com', 'sip:bob@example.com'],
    ['sip:+15551234567;phone-context=x@example.com', 'sip:+15551234567@example.com'],
    ['sip:%62ob@example.com', 'sip:bob@example.com'],
    ['sip:%ff@example.com', 'sip:%FF@example.com'],
    ['sip:%2B1555444333@example.com', 'sip:+1555444333@example.com'],
    ['sip:a%40b%2525@example.com', 'sip:a%40b%2525@example.com'],
    ['sip:+1-555-123(4567)@example.com', 'sip:+15551234567@example.com'],
    ['sip:+15551234567;npdi;rn=+15550001111@example.com;user=phone', 'sip:+15551234567@example.com'],
    ['sip:3012345678;phone-context=+49@example.com', 'sip:+493012345678@example.com'],
    ['sip:1234;phone-context=example.com@example.com', 'sip:1234;phone-context=example.com@example.com'],
    ['sip:bob;day=tuesday@example.com', 'sip:bob;day=tuesday@example.com'],
    ['sip:bob@EXAMPLE.com.', 'sip:bob@example.com'],
    ['sip:bob@[2001:DB8:0:0:0:0:0:1]', 'sip:bob@[2001:db8::1]'],
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

  it('is normalised idempotently, without changing its meaning', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        ...[
          'sip:',
          'sips:',
          '@',
          '<',
          '>',
          '%',
          '%41',
          '%25',
          '%25ff',
          '%ff',
          '%C3%A9',
          '%c3',
          '%40',
          '%3B',
          ';',
          ':',
          '?',
          '=',
        ],
        ...[
          '+',
          '+1-555',
          'phone-context=+49',
          'phone-context=',
          'bob',
          '123',
          '[::1]',
          'example.com',
          '.',
          '#',
          ' ',
          'ü',
          '\0',
        ],
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), fc.boolean(), (pieces, whole) => {
        const text = whole ? `sip:${pieces.join('')}@example.com` : pieces.join('');
        const once = normaliseSipUri(text);
        if (once === undefined) return;
        expect(normaliseSipUri(once)).toBe(once);
        expect(once).toMatch(/^sip:[^@\s<>"]+@[^@\s<>"]+$/);
      }),
      { numRuns: 3_000 },
    );
  });

  it('never maps two users to one', () => {
    const user = fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }).filter((text) => text.isWellFormed());
    const escapedAll = (text: string): string =>
      [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
    fc.assert(
      fc.property(user, (text) => {
        // Telephone numbers lose their visual separators.
        fc.pre(!/^[-+.()\d*#]/.test(text));
        expect(parseSipUri(normaliseSipUri(`sip:${escapedAll(text)}@h`)!)).toEqual({ user: text, host: 'h' });
      }),
    );
  });

  it('accepts only user characters of RFC 3261', () => {
    expect(["-_.!~*'()&=+$,;?/", '%41'].every(isSipUser)).toBe(true);
    expect(['', 'a b', 'ä', '%4', 'a@b', '"'].some(isSipUser)).toBe(false);
  });
});
