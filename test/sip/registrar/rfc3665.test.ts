/** The registrations of RFC 3665 2, with Bob in one of our domains. UDP replaces TLS: nothing depends on it. */
import type { SipResponse } from '../../../src/sip/message';
import { authorization, challengeOf, REALM, world, type Answer, type World } from './phone';

beforeEach(() => jest.useFakeTimers({ now: new Date('2026-11-23T09:00:00Z') }));
afterEach(() => jest.useRealTimers());

let w: World;
beforeEach(() => {
  w = world();
});
afterEach(() => w.registrar.close());

const REGISTER = (cseq: number, lines: string): string => `
REGISTER sip:${REALM} SIP/2.0
Via: SIP/2.0/UDP client.biloxi.example.com:5060;branch=z9hG4bKnashd${cseq}
Max-Forwards: 70
From: Bob <sip:bob@${REALM}>;tag=ja743ks76zlflH
To: Bob <sip:bob@${REALM}>
Call-ID: 1j9FpLxk3uxtm8tn@biloxi.example.com
CSeq: ${cseq} REGISTER
${lines}Content-Length: 0

`;

/** F1 to F4: request, challenge, request with credentials, response. */
function register(cseq: number, lines: string, answer: Answer = {}): SipResponse {
  const challenged = w.register(REGISTER(cseq, lines));
  expect(challenged.status).toBe(401);
  const header = authorization(challengeOf(challenged), answer);
  return w.register(REGISTER(cseq + 1, `${lines}Authorization: ${header}\n`));
}

const registration = (): SipResponse => register(1, 'Contact: <sips:bob@client.biloxi.example.com>\n');

it('2.1 successful new registration', () => {
  const response = registration();
  expect([response.status, response.reason]).toEqual([200, 'OK']);
  expect(response.headers.get('to')).toMatch(new RegExp(`^Bob <sip:bob@${REALM}>;tag=[0-9a-f]{16}$`));
  expect([...response.headers].filter(([name]) => name !== 'To')).toEqual([
    ['Via', 'SIP/2.0/UDP client.biloxi.example.com:5060;branch=z9hG4bKnashd2'],
    ['From', `Bob <sip:bob@${REALM}>;tag=ja743ks76zlflH`],
    ['Call-ID', '1j9FpLxk3uxtm8tn@biloxi.example.com'],
    ['CSeq', '2 REGISTER'],
    ['Contact', '<sips:bob@client.biloxi.example.com>;expires=3600'],
    ['Supported', 'path'],
    ['Supported', 'outbound'],
    ['Date', 'Mon, 23 Nov 2026 09:00:00 GMT'],
    ['Content-Length', '0'],
  ]);
  expect(w.told).toEqual(['online sips:bob@client.biloxi.example.com']);
});

it('2.2 update of the contact list: an address is added', () => {
  registration();
  jest.advanceTimersByTime(60_000);
  const response = register(3, 'Contact: mailto:bob@biloxi.example.com\n');
  expect(response.status).toBe(200);
  expect(response.headers.all('contact')).toEqual([
    '<sips:bob@client.biloxi.example.com>;expires=3540',
    '<mailto:bob@biloxi.example.com>;expires=3600',
  ]);
  // It is listed, but cannot be called.
  expect(w.registrar.contactsOf(w.bob.id).map(({ uri }) => uri)).toEqual(['sips:bob@client.biloxi.example.com']);
});

it('2.3 request for the current contact list', () => {
  registration();
  register(3, 'Contact: mailto:bob@biloxi.example.com\n');
  const before = w.registrar.list();
  expect(register(5, '').headers.all('contact')).toEqual([
    '<sips:bob@client.biloxi.example.com>;expires=3600',
    '<mailto:bob@biloxi.example.com>;expires=3600',
  ]);
  expect(w.registrar.list()).toEqual(before);
});

it('2.4 cancellation of the registration', () => {
  registration();
  const response = register(3, 'Expires: 0\nContact: *\n');
  expect([response.status, response.headers.all('contact')]).toEqual([200, []]);
  expect(w.registrar.list()).toEqual([]);
  expect(w.told).toEqual([
    'online sips:bob@client.biloxi.example.com',
    'offline sips:bob@client.biloxi.example.com unregistered',
  ]);
});

it('2.5 unsuccessful registration: wrong password', () => {
  const response = register(1, 'Contact: <sips:bob@client.biloxi.example.com>\n', { password: 'wrong' });
  expect([response.status, response.reason]).toEqual([401, 'Unauthorized']);
  expect(challengeOf(response)).toMatchObject({ realm: REALM, stale: false });
  expect(w.registrar.list()).toEqual([]);
  expect(w.told).toEqual([]);
});
