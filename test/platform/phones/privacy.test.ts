/** Callers that withhold their number (RFC 3323): the application can route the call, but the callee sees no number. */
import { ENDPOINT, NUMBER, type World } from '../support/harness';
import { withRegisteredPhone } from '../support/registered-phone';
import type { Softphone } from '../support/softphone';

let w: World;
let phone: Softphone;
withRegisteredPhone((world, registered) => ([w, phone] = [world, registered]));

it.each([
  ['"Anonymous" <sip:anonymous@anonymous.invalid>', ['Privacy: id'], 'id'],
  ['<sip:anonymous@xyz-corp-testing.bwapp.bwsip.io>', [], 'id'],
  ['sip:anonymous.invalid', [], 'id'],
  [`<${ENDPOINT}>`, ['Privacy: header; user;critical'], 'id'],
  [`<${ENDPOINT}>`, ['Privacy: none'], undefined],
  ['"Unavailable" <sip:unavailable@unknown.invalid>', [], 'id'],
  [`<${ENDPOINT}>`, [`Remote-Party-ID: "Jo" <${ENDPOINT}>;party=calling;screen=yes;privacy=full`], 'id'],
  [`<${ENDPOINT}>`, [`Remote-Party-ID: <${ENDPOINT}>;privacy="uri-network"`], 'id'],
  [`<${ENDPOINT}>`, [`Remote-Party-ID: <${ENDPOINT}>;party=calling;privacy=off`], undefined],
  [`<${ENDPOINT}>`, [`Remote-Party-ID: <sip:b@example.org>;party=called;privacy=full`], undefined],
  ['"Anonymous" <tel:+15551112222>', ['Privacy: session'], undefined],
])('From %s with %j: the event has the endpoint, and privacy', async (from, headers, privacy) => {
  const call = await phone.dial('+15552223333', { from, headers });
  const event = await w.app.next('incomingcall');
  expect([event['from'], event['privacy']]).toEqual([ENDPOINT, privacy]);
  call.cancel();
});

it('a call with privacy does not show from to the phone', async () => {
  await w.v1.post('/calls', { from: NUMBER, to: ENDPOINT, privacy: 'id' });
  const invite = await phone.request('INVITE');
  expect(invite.headers['from']).toMatch(/^"Anonymous" <sip:anonymous@anonymous.invalid>;tag=/);
  expect(invite.headers['privacy']).toBe('id');
  expect(invite.raw).not.toContain(NUMBER);
  phone.respond(invite, 486);
});
