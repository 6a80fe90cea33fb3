import { Headers, NO_BODY, type SipRequest } from '../../../src/sip/message';
import { parseMessage } from '../../../src/sip/parse';
import { printMessage } from '../../../src/sip/print';
import { responseTo } from '../../../src/sip/respond';

const invite = (to = '<sip:bob@example.com>'): SipRequest => ({
  kind: 'request',
  method: 'INVITE',
  uri: 'sip:bob@example.com',
  headers: new Headers([
    ['Via', 'SIP/2.0/TCP proxy.example.com;branch=z9hG4bKb'],
    ['Via', 'SIP/2.0/UDP 192.0.2.4;branch=z9hG4bKa'],
    ['From', '<sip:alice@example.com>;tag=1'],
    ['To', to],
    ['Call-ID', 'a'],
    ['CSeq', '1 INVITE'],
    ['Timestamp', '54'],
    ['Subject', 'not copied'],
  ]),
  body: NO_BODY,
});

it('copies Vias, From, To, Call-ID and CSeq, and adds a tag to To', () => {
  const response = responseTo(invite(), 180, { toTag: 'x', headers: [['Contact', '<sip:bob@192.0.2.1>']] });
  expect(printMessage(response).toString()).toBe(
    [
      'SIP/2.0 180 Ringing',
      'Via: SIP/2.0/TCP proxy.example.com;branch=z9hG4bKb',
      'Via: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bKa',
      'From: <sip:alice@example.com>;tag=1',
      'To: <sip:bob@example.com>;tag=x',
      'Call-ID: a',
      'CSeq: 1 INVITE',
      'Contact: <sip:bob@192.0.2.1>',
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n'),
  );
});

it('generates a tag if none is given, and keeps an existing one', () => {
  expect(responseTo(invite(), 486).headers.get('to')).toMatch(/^<sip:bob@example.com>;tag=[0-9a-f]{16}$/);
  expect(responseTo(invite('<sip:bob@example.com>;tag=y'), 486, { toTag: 'x' }).headers.get('to')).toBe(
    '<sip:bob@example.com>;tag=y',
  );
});

it('adds no tag to a 100, and copies Timestamp', () => {
  const { headers } = responseTo(invite(), 100, { toTag: 'x' });
  expect([headers.get('to'), headers.get('timestamp')]).toEqual(['<sip:bob@example.com>', '54']);
});

it.each([
  [299, 'OK'],
  [499, 'Bad Request'],
  [503, 'Service Unavailable'],
])('calls %i %s', (status, reason) => expect(responseTo(invite(), status).reason).toBe(reason));

it('prints Content-Length once, with the length of the body', () => {
  const request = { ...invite(), body: Buffer.from('é') };
  request.headers.set('l', '77');
  expect(printMessage(request).toString()).toMatch(/\r\nContent-Length: 2\r\n\r\né$/);
  expect(
    printMessage(request)
      .toString()
      .match(/Content-Length/g),
  ).toHaveLength(1);
});

it('prevents header injection by line ends in a value, a name, a method, a URI or a reason', () => {
  const request = { ...invite(), method: 'A\r\nB: c', uri: 'sip:a\nEvil: 1' };
  request.headers.set('subject', 'hello\r\n\r\nEvil: 2').set('x\r\nevil', '3\rEvil: 4');
  const [head = ''] = printMessage(request).toString().split('\r\n\r\n');
  expect(head.split('\r\n').filter((line) => /^(evil|b)/i.test(line))).toEqual([]);
  expect(/\r(?!\n)|(?<!\r)\n/.test(head)).toBe(false);
  const reason = printMessage(responseTo(invite(), 400, { reason: 'a\r\nEvil: 1' }));
  expect(parseMessage(reason, 'datagram')).toMatchObject({ message: { reason: 'a Evil: 1' } });
});
