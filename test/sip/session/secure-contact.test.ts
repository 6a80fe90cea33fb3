/** The scheme of `Contact` (RFC 3261 8.1.1.8, 12.1.1): SIPS if the far end requested SIPS, and only over TLS. */
import { contactFor, Dialog } from '../../../src/sip/dialog';
import { Headers, NO_BODY, type SipRequest } from '../../../src/sip/message';
import { lossyFlows } from '../support/lossy-flows';

const overTls = lossyFlows({ transport: 'TLS' }).left;
const overUdp = lossyFlows().left;

const invite = (uri: string, contact: string, ...routes: string[]): SipRequest => ({
  kind: 'request',
  method: 'INVITE',
  uri,
  headers: new Headers([
    ['From', '<sip:bob@192.0.2.2>;tag=1'],
    ['To', `<${uri}>`],
    ['Call-ID', '1'],
    ['CSeq', '1 INVITE'],
    ['Contact', `<${contact}>`],
    ...routes.map((route) => ['Record-Route', `<${route}>`] as const),
  ]),
  body: NO_BODY,
});

it.each([
  ['sips:alice@192.0.2.1', 'sip:bob@192.0.2.2', [], 'sips'],
  ['SIPS:alice@192.0.2.1', 'sip:bob@192.0.2.2', [], 'sips'],
  ['sip:alice@192.0.2.1', 'sips:bob@192.0.2.2', [], 'sips'],
  ['sip:alice@192.0.2.1', 'sips:bob@192.0.2.2', ['sip:proxy.example;lr'], 'sip'],
  ['sip:alice@192.0.2.1', 'sip:bob@192.0.2.2', ['sips:proxy.example;lr'], 'sips'],
  ['sip:alice@192.0.2.1', 'sip:bob@192.0.2.2;transport=tls', [], 'sip'],
])('INVITE %s of %s over %j: %s', (uri, contact, routes, scheme) => {
  const expected = scheme === 'sips' ? '<sips:tandem@192.0.2.1:5060>' : '<sip:tandem@192.0.2.1:5060;transport=tls>';
  const dialog = Dialog.ofRequest(invite(uri, contact, ...routes), 'tag', overTls);
  expect(dialog.contact).toBe(expected);
  expect(dialog.request('UPDATE').headers.get('contact')).toBe(expected);
});

it('an INVITE to a SIPS contact has a SIPS Contact, but not over UDP', () => {
  expect(contactFor(overTls, 'sips:bob@192.0.2.2')).toBe('<sips:tandem@192.0.2.1:5060>');
  expect(contactFor(overTls, 'sip:bob@192.0.2.2')).toBe('<sip:tandem@192.0.2.1:5060;transport=tls>');
  expect(contactFor(overUdp, 'sips:bob@192.0.2.2')).toBe('<sip:tandem@192.0.2.1:5060>');
});
