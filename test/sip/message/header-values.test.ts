import {
  parseAuthParams,
  parseCSeq,
  parseNameAddr,
  parseParamsValue,
  parseScalar,
  parseVia,
  printAuthParams,
  printNameAddr,
  tagOf,
  withTag,
} from '../../../src/sip/header-values';
import { printVia } from './print-via';

describe('name and address', () => {
  it.each([
    ['<sip:a@b>', { uri: 'sip:a@b', params: new Map() }],
    ['sip:a@b;tag=1', { uri: 'sip:a@b', params: new Map([['tag', '1']]) }],
    ['<sip:a@b;lr>;TAG=1', { uri: 'sip:a@b;lr', params: new Map([['tag', '1']]) }],
    ['José P <sip:a@b>', { displayName: 'José P', uri: 'sip:a@b', params: new Map() }],
    ['"<sip:x@y>" <sip:a@b>', { displayName: '<sip:x@y>', uri: 'sip:a@b', params: new Map() }],
    ['"" <sip:a@b>', { uri: 'sip:a@b', params: new Map() }],
    [
      '<sip:a@b>;+sip.instance="<urn:uuid:1>"',
      { uri: 'sip:a@b', params: new Map([['+sip.instance', '<urn:uuid:1>']]) },
    ],
    // Names with missing quotes or escapes.
    [
      '"John "Jo" Doe" <sip:a@b>;tag=1',
      { displayName: 'John "Jo" Doe', uri: 'sip:a@b', params: new Map([['tag', '1']]) },
    ],
    ['Doe, John <sip:a@b>', { displayName: 'Doe, John', uri: 'sip:a@b', params: new Map() }],
    ['jo@work: desk <sip:a@b>', { displayName: 'jo@work: desk', uri: 'sip:a@b', params: new Map() }],
    ['"A very long na <sip:a@b>', { displayName: 'A very long na', uri: 'sip:a@b', params: new Map() }],
    ['"a" < sip:a@b >;x', { displayName: 'a', uri: 'sip:a@b', params: new Map([['x', undefined]]) }],
    ['tel:+15551234567', { uri: 'tel:+15551234567', params: new Map() }],
  ])('of %s', (value, expected) => expect(parseNameAddr(value)).toEqual(expected));

  it.each([
    '',
    '*',
    '<>',
    '<sip:a@b',
    'alice',
    '"a" sip:a@b',
    '<sip:a@b>x',
    '"a <sip:a@b> <sip:c@d>',
    'sip:a@b?c=<sip:d@e>',
    'sip:a@b?c',
    'sip:a@b,c',
    '<sip:a b>',
  ])('rejects %j', (value) => expect(parseNameAddr(value)).toBeUndefined());

  it.each(['<sip:a@b>;;tag=1;', '<sip:a@b>;=1;tag=1', '<sip:a@b>;tag=1;a="1', '<sip:a@b>;x="1"2;tag=1'])(
    'keeps the readable parameters of %j',
    (value) => expect(parseNameAddr(value)?.params).toEqual(new Map([['tag', '1']])),
  );

  it('is printed with the necessary quotes', () => {
    const params = new Map([
      ['tag', '1'],
      ['+sip.instance', '<urn:1>'],
      ['lr', undefined],
    ]);
    expect(printNameAddr({ displayName: 'A "B" \\', uri: 'sip:a@b', params })).toBe(
      '"A \\"B\\" \\\\" <sip:a@b>;tag=1;+sip.instance="<urn:1>";lr',
    );
  });

  it('gets at most one tag', () => {
    expect(withTag('<sip:a@b>', 'x')).toBe('<sip:a@b>;tag=x');
    expect(withTag('<sip:a@b>;tag=y', 'x')).toBe('<sip:a@b>;tag=y');
    expect(withTag('<sip:a@b> ;', 'x')).toBe('<sip:a@b>;tag=x');
    expect(tagOf('<sip:a@b;tag=no>')).toBeUndefined();
    expect(tagOf('<sip:a@b>;tag=')).toBeUndefined();
    expect(tagOf('Bell, Alexander <sip:a@b>; TAG = z')).toBe('z');
  });
});

describe('Via', () => {
  it('is read and printed', () => {
    const text = 'SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bKa;rport';
    const via = parseVia(text);
    expect(via).toEqual({
      transport: 'UDP',
      host: '2001:db8::1',
      port: 5060,
      params: new Map([
        ['branch', 'z9hG4bKa'],
        ['rport', undefined],
      ]),
    });
    expect(via && printVia(via)).toBe(text);
  });

  it('may end in semicolons', () => {
    expect(parseVia('SIP/2.0/UDP a;branch=b; ;')).toEqual({
      transport: 'UDP',
      host: 'a',
      params: new Map([['branch', 'b']]),
    });
  });

  it('may have spaces around the colon', () => {
    expect(parseVia('SIP/2.0/UDP host.example.com : 5060 ; branch=a')).toMatchObject({
      host: 'host.example.com',
      port: 5060,
    });
  });

  it.each([
    '',
    'SIP/2.0/UDP',
    'SIP/3.0/UDP a',
    'SIP/2.0/UDP a b',
    'SIP/2.0/UDP a:b',
    'SIP/2.0/UDP a:70000',
    'HTTP/2.0/UDP a',
  ])('rejects %j', (value) => expect(parseVia(value)).toBeUndefined());
});

it('CSeq and scalars have bounds', () => {
  expect(parseCSeq('2147483647 INVITE')).toEqual({ number: 2_147_483_647, method: 'INVITE' });
  expect(parseCSeq('2147483648 INVITE')).toBeUndefined();
  expect([
    parseScalar('0068'),
    parseScalar('4294967296'),
    parseScalar('-1'),
    parseScalar(''),
    parseScalar('256', 255),
  ]).toEqual([68, undefined, undefined, undefined, undefined]);
});

it('reads a value with parameters', () => {
  expect(parseParamsValue('1800 ; refresher=uac')).toEqual({ value: '1800', params: new Map([['refresher', 'uac']]) });
  expect(parseParamsValue(';a')).toBeUndefined();
});

describe('authorization', () => {
  // RFC 2617 3.5
  it('reads credentials', () => {
    const text =
      'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"';
    const parsed = parseAuthParams(text);
    expect(parsed?.scheme).toBe('Digest');
    expect(parsed?.params.get('realm')).toBe('testrealm@host.com');
    expect(parsed?.params.get('nc')).toBe('00000001');
    expect(parsed?.params.size).toBe(9);
  });

  it('accepts spaces, commas in quotes, and escapes', () => {
    expect(parseAuthParams('Digest  a = "1,\\"2" ,b=3')?.params).toEqual(
      new Map([
        ['a', '1,"2'],
        ['b', '3'],
      ]),
    );
  });

  it.each(['', 'Digest a=1, a=2', 'Di,gest a=1'])('rejects %j', (value) =>
    expect(parseAuthParams(value)).toBeUndefined(),
  );

  it.each(['Digest b=1, a="1', 'Digest a, b=1,', 'Digest a="1" c="2", b=1', 'Digest ,b=1', 'Digest b=1, b=1'])(
    'keeps the readable parameters of %j',
    (value) => expect(parseAuthParams(value)?.params).toEqual(new Map([['b', '1']])),
  );

  it('prints challenges', () => {
    expect(
      printAuthParams('Digest', [
        ['realm', 'a"b', true],
        ['algorithm', 'MD5', false],
      ]),
    ).toBe('Digest realm="a\\"b", algorithm=MD5');
  });
});
