import express from 'express';
import request from 'supertest';
import { registrationRoutes } from '../../../src/platform/api/registrations';
import { AOR, flowFrom, REALM, world, type World } from '../../sip/registrar/phone';

let w: World;
beforeEach(() => {
  w = world({ open: true });
});
afterEach(() => w.registrar.close());

const register = (contact: string, agent: string): string => `
REGISTER sip:${REALM} SIP/2.0
Via: SIP/2.0/TCP 192.168.1.2:5060;branch=z9hG4bKnashds7
From: <${AOR}>;tag=a73kszlfl
To: <${AOR}>
Call-ID: ${agent}
CSeq: 1 REGISTER
User-Agent: ${agent}
Contact: ${contact}
Expires: 600
Content-Length: 0

`;

it('lists registered phones with address and time', async () => {
  const app = express().use('/sandbox/registrations', registrationRoutes(w.registrar));
  const get = async (): Promise<unknown> => (await request(app).get('/sandbox/registrations').expect(200)).body;
  expect(await get()).toEqual([]);

  const instance = '<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>';
  w.register(
    register(`<sip:bob@192.168.1.2>;+sip.instance="${instance}"`, 'desk'),
    flowFrom('198.51.100.7', 40_000, 'TCP'),
  );
  w.register(register('<sip:bob@[2001:db8::9]:5062>', 'mobile'), flowFrom('2001:db8::9', 5062));
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  const common = { endpointId: w.bob.id, sipUri: AOR, registeredAt: time, refreshedAt: time };
  expect(await get()).toEqual([
    {
      ...common,
      contact: 'sip:bob@192.168.1.2',
      transport: 'TCP',
      address: '198.51.100.7:40000',
      instance,
      userAgent: 'desk',
      age: 0,
      expiresIn: 600,
    },
    {
      ...common,
      contact: 'sip:bob@[2001:db8::9]:5062',
      transport: 'UDP',
      address: '[2001:db8::9]:5062',
      userAgent: 'mobile',
      age: 0,
      expiresIn: 600,
    },
  ]);
  w.domains.updateEndpoint(w.bob, { enabled: false });
  expect(await get()).toEqual([]);
});
