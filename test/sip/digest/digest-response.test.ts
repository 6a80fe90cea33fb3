import { createHash } from 'node:crypto';
import { digestResponse, sameText } from '../../../src/sip/digest/digest-response';

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

it('answers the example of RFC 2617 3.5', () => {
  expect(
    digestResponse({
      algorithm: 'MD5',
      ha1: md5('Mufasa:testrealm@host.com:Circle Of Life'),
      method: 'GET',
      uri: '/dir/index.html',
      nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
      nc: '00000001',
      cnonce: '0a4f113b',
      qop: 'auth',
    }),
  ).toBe('6629fae49393a05397450978507c4ef1');
});

it.each([
  ['MD5', md5, '8ca523f5e9506fed4657c9700eebdbec'],
  ['SHA-256', sha256, '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
] as const)('answers the example of RFC 7616 3.9.1 with %s', (algorithm, hash, response) => {
  expect(
    digestResponse({
      algorithm,
      ha1: hash('Mufasa:http-auth@example.org:Circle of Life'),
      method: 'GET',
      uri: '/dir/index.html',
      nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
      nc: '00000001',
      cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
      qop: 'auth',
    }),
  ).toBe(response);
});

it('answers the example of RFC 2069 2.4 with erratum 749, without qop', () => {
  expect(
    digestResponse({
      algorithm: 'MD5',
      ha1: md5('Mufasa:testrealm@host.com:CircleOfLife'),
      method: 'GET',
      uri: '/dir/index.html',
      nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
    }),
  ).toBe('1949323746fe6a43ef61f9606e7febea');
});

it('hashes the body with auth-int', () => {
  const ha2 = md5(`INVITE:sip:a@b:${md5('v=0\r\n')}`);
  expect(
    digestResponse({
      algorithm: 'MD5',
      ha1: md5('a:b:c'),
      method: 'INVITE',
      uri: 'sip:a@b',
      nonce: 'n',
      nc: '00000002',
      cnonce: 'x',
      qop: 'auth-int',
      entityBody: Buffer.from('v=0\r\n'),
    }),
  ).toBe(md5(`${md5('a:b:c')}:n:00000002:x:auth-int:${ha2}`));
});

it('compares texts', () => {
  expect([sameText('ab', 'ab'), sameText('ab', 'ac'), sameText('ab', 'abc'), sameText('', 'ä')]).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
