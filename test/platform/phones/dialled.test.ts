/** Dialled addresses, and how the application gets them (RFC 3261 19.1.6, RFC 3966). */
import type { World } from '../support/harness';
import { withRegisteredPhone } from '../support/registered-phone';
import type { Softphone } from '../support/softphone';

const DOMAIN = 'xyz-corp-testing.bwapp.bwsip.io';

let w: World;
let phone: Softphone;
withRegisteredPhone((world, registered) => ([w, phone] = [world, registered]));

it.each([
  [`sip:3012345678;phone-context=+49@${DOMAIN};user=phone`, '+493012345678'],
  [`sip:3012345678;phone-context=%2B49@${DOMAIN};user=phone`, '+493012345678'],
  [`sip:3012345678@${DOMAIN};phone-context=+49;user=phone`, '+493012345678'],
  [`sip:3012345678@${DOMAIN};Phone-Context=%2B49`, '+493012345678'],
  [`sip:101@${DOMAIN};phone-context=${DOMAIN}`, '101'],
  [`sip:+15552223333@${DOMAIN};phone-context=+49`, '+15552223333'],
  [`sip:jsmith_mobile@${DOMAIN};phone-context=+49`, `sip:jsmith_mobile@${DOMAIN}`],
  [`sip:reception@${DOMAIN};phone-context=+49`, 'reception'],
  ['tel:222-3333;phone-context=+1-555', '+15552223333'],
  ['tel:0612345678;phone-context=+33', '+33612345678'],
  ['TEL:+1(555)222.3333;isub=1', '+15552223333'],
  [`sip:+15552223333;npdi;rn=+15550001111@${DOMAIN};user=phone`, '+15552223333'],
  [`sip:+1-555-222-3333@${DOMAIN};user=phone`, '+15552223333'],
  [`sip:+1-555-222-3333@${DOMAIN}`, '+15552223333'],
  [`sip:%2B15552223333@${DOMAIN.toUpperCase()}.`, '+15552223333'],
  [`sip:+15552223333:secret@${DOMAIN};`, '+15552223333'],
  [`sip:101;phone-context=${DOMAIN}@${DOMAIN};user=phone`, '101'],
  [`sip:555-2222@${DOMAIN}`, '555-2222'],
  [`sip:*98%23@${DOMAIN}`, '*98#'],
  [`sip:a%40b@${DOMAIN}`, 'a%40b'],
  [`sip:JSMITH_mobile@${DOMAIN}`, 'JSMITH_mobile'],
  [`sips:%6Asmith_mobile@${DOMAIN};transport=tcp`, `sip:jsmith_mobile@${DOMAIN}`],
])('%s is %s', async (uri, to) => {
  const call = await phone.dial(uri);
  expect(await w.app.next('incomingcall')).toMatchObject({ to });
  call.cancel();
  await w.app.next('hangup');
});

it.each([
  `sip:3012345678;phone-context=other.example@${DOMAIN};user=phone`,
  `sip:3012345678@${DOMAIN};phone-context=other.example;user=phone`,
  'tel:112;phone-context=+33',
  'tel:101;phone-context=other.example',
])('%s is local to another context: 404, and no call', async (uri) => {
  const before = w.app.types().length;
  expect((await phone.dial(uri)).first.status).toBe(404);
  expect(w.app.types()).toHaveLength(before);
});
