import { parseUri, printUri, sameUri } from '../../src/addresses/uri';

it.each([
  ['sip:alice@example.com', { scheme: 'sip', user: 'alice', host: 'example.com', params: new Map() }],
  ['SIPS:example.com:5061', { scheme: 'sips', host: 'example.com', port: 5061, params: new Map() }],
  [
    'sip:a:b@[2001:db8::1]:1;LR;x=%41',
    {
      scheme: 'sip',
      user: 'a',
      password: 'b',
      host: '2001:db8::1',
      port: 1,
      params: new Map([
        ['lr', undefined],
        ['x', 'A'],
      ]),
    },
  ],
  ['sip:a@b;x=alice@c', { scheme: 'sip', user: 'a', host: 'b', params: new Map([['x', 'alice@c']]) }],
  ['sip:a@b?Subject=x&y=z', { scheme: 'sip', user: 'a', host: 'b', params: new Map(), headers: 'Subject=x&y=z' }],
  [
    'tel:+1-555-123;phone-context=x',
    { scheme: 'tel', user: '+1-555-123', host: '', params: new Map([['phone-context', 'x']]) },
  ],
])('reads %s', (text, expected) => expect(parseUri(text)).toEqual(expected));

it.each(['sip:a@b;', 'sip:a@b;;', 'sip:a@b;=1', 'sip:a@b;;transport=udp;'])(
  'passes over what is no parameter of %s',
  (text) => {
    expect(parseUri(text)?.params).toEqual(new Map(text.includes('transport') ? [['transport', 'udp']] : []));
  },
);

it.each(['sip:%FF@b', 'sip:%C3%A9t%E9@b', 'sip:%C3%28@b', 'sip:a;x=%80@b', 'sip:a@b;x=%FE'])(
  'keeps bytes that are no UTF-8: %s',
  (text) => {
    const uri = parseUri(text);
    expect(uri && printUri(uri)).toBe(text.replace('%28', '('));
  },
);

it.each([
  ['sip:%62%4fb@b', 'sip:bOb@b'],
  ['sip:%2b1555@b', 'sip:+1555@b'],
  ['sip:a%40x%23%25@b', 'sip:a%40x%23%25@b'],
  ['sip:*98#@b', 'sip:*98%23@b'],
  ['SIPS:a@B;%4Cr', 'sips:a@B;lr'],
])('prints the escapes of %s as %s', (text, printed) => {
  const uri = parseUri(text);
  expect(uri && printUri(uri)).toBe(printed);
});

it.each([
  '',
  'sip:',
  'sip:@a',
  'sip:a@',
  'sip:a@b c',
  'sip:a@b:',
  'sip:a@b:x',
  'sip:a@b:65536',
  'sip:a@[::1',
  'sip:a@[zz]',
  'sip:%zz@b',
  'sip:a@b\n',
  '<sip:a@b>',
  'http://a',
  'tel:',
  'tel:alice',
  'sip:a@-b',
  'alice',
])('says undefined to %j', (text) => expect(parseUri(text)).toBeUndefined());

it.each([
  'sip:alice@example.com',
  'sip:a%40b:c%3A@example.com:5060;transport=tcp;lr',
  'sips:[2001:db8::1]:5061',
  'tel:+15551234567',
  'sip:a@b;x?y=z',
])('prints %s as it was', (text) => {
  const uri = parseUri(text);
  expect(uri && printUri(uri)).toBe(text);
});

// RFC 3261 19.1.4
it.each([
  ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp', true],
  ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5', true],
  ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;newparam=5', true],
  [
    'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
    'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
    true,
  ],
  ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP', false],
  ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060', false],
  ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp', false],
  ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp', false],
  ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting', false],
  ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4', false],
  ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off', false],
  ['sip:carol@chicago.com.', 'sip:carol@Chicago.com', true],
  ['sip:carol@[2001:DB8:0:0::1]', 'sip:carol@[2001:db8::1]', true],
  ['sip:carol@chicago.com?a=1&Subject=x', 'sip:carol@chicago.com?subject=x&A=1', true],
  ['sip:carol:a@chicago.com', 'sip:carol:b@chicago.com', false],
  ['sip:%ff@chicago.com', 'sip:%FF@chicago.com', true],
  ['sip:%ff@chicago.com', 'sip:%25ff@chicago.com', false],
])('%s and %s: same is %s', (a, b, same) => {
  const [first, second] = [parseUri(a), parseUri(b)];
  expect(first && second && [sameUri(first, second), sameUri(second, first)]).toEqual([same, same]);
});
