import { numberFor, route, type DialPlan } from '../../src/dial-plan/dial-plan';

const HOST = 'xyz-corp-testing.bwapp.bwsip.io';
const JSMITH = `sip:jsmith_mobile@${HOST}`;
const BOB = `sip:bob@${HOST}`;
const PLAN: DialPlan = {
  lines: [
    { number: '+1555444333', endpoint: JSMITH },
    { number: '+15557770000', endpoint: BOB },
  ],
  defaultCountry: 'US',
  callTimeout: 30,
};

describe('what a phone dials', () => {
  it.each([
    ["the tutorial's number", '+15552223333', '+15552223333'],
    ['a number that is in no numbering plan', '+1555444999', '+1555444999'],
    ['ten digits', '5552223333', '+15552223333'],
    ['eleven digits', '15552223333', '+15552223333'],
    ['with punctuation', '(555) 222-3333', '+15552223333'],
    ['with dots', '555.222.3333', '+15552223333'],
    ['abroad, with the exit code', '011 44 20 7946 0000', '+442079460000'],
    ['abroad, with +', '+44 20 7946 0000', '+442079460000'],
    ['a tel URI', 'tel:+1-555-222-3333', '+15552223333'],
    ['a tel URI with parameters', 'tel:+15552223333;phone-context=example.com', '+15552223333'],
    ['typed into a phone: the user part of its own domain', `sip:+15552223333@${HOST}`, '+15552223333'],
    ['the same without scheme, in capitals, with a port', `+15552223333@${HOST.toUpperCase()}:5060`, '+15552223333'],
    ['the same, ten digits', `sip:5552223333@${HOST}`, '+15552223333'],
    ['the same, escaped and with parameters', `sip:%2B15552223333@${HOST};user=phone`, '+15552223333'],
    ['with blanks around it', ' +15552223333 ', '+15552223333'],
  ])('%s', (_, to, number) => {
    expect(route({ from: JSMITH, to }, PLAN)).toEqual({
      direction: 'sip-to-pstn',
      from: '+1555444333',
      to: number,
      callTimeout: 30,
    });
  });

  it.each([
    ['its URI', BOB],
    ['its URI, spelt otherwise', `SIP:bob@${HOST.toUpperCase()};transport=udp`],
    ['its user name', 'bob'],
    ['its number', '+15557770000'],
    ['its number without +', '15557770000'],
    ['its number without the country', '(555) 777-0000'],
    ['its number typed into a phone', `sip:15557770000@${HOST}`],
  ])('another endpoint by %s', (_, to) => {
    expect(route({ from: JSMITH, to }, PLAN)).toEqual({
      direction: 'sip-to-sip',
      from: '+1555444333',
      to: BOB,
      callTimeout: 30,
    });
  });

  it('another endpoint by a number that is too short for any country, without +', () => {
    expect(route({ from: BOB, to: '1555444333' }, PLAN)).toMatchObject({ direction: 'sip-to-sip', to: JSMITH });
  });

  it.each(['911', '112', '999', '+911', '988', '411', 'tel:911', `sip:911@${HOST}`, `sip:112@${HOST}`])(
    'an emergency or short number is refused: %s',
    (to) => expect(route({ from: JSMITH, to }, PLAN)).toHaveProperty('refused'),
  );

  it.each([
    ['itself by URI', JSMITH, 'dialled itself', 'busy'],
    ['itself by name', 'jsmith_mobile', 'dialled itself', 'busy'],
    ['its own number', '+1555444333', 'dialled its own number', 'busy'],
    ['its own number without +', '1555444333', 'dialled its own number', 'busy'],
    ['an unknown name', 'carol', 'neither an endpoint of LINES nor an E.164 number', 'unallocated'],
    ['a name in another case', 'BOB', 'neither an endpoint of LINES nor an E.164 number', 'unallocated'],
    ['an unknown user of its domain', `sip:carol@${HOST}`, 'neither an endpoint', 'unallocated'],
    ['a party elsewhere', 'sip:eve@example.org', 'no endpoint of LINES', 'unallocated'],
    ['a number elsewhere', 'sip:+15552223333@example.org', 'no endpoint of LINES', 'unallocated'],
    ['an endpoint of ours elsewhere', 'sip:bob@example.org', 'no endpoint of LINES', 'unallocated'],
    ['nothing', '', 'neither', 'unallocated'],
    ['letters', '1-800-FLOWERS', 'neither', 'unallocated'],
    ['too many digits', '+1234567890123456', 'neither', 'unallocated'],
    ['a number that begins with 0', '+05552223333', 'neither', 'unallocated'],
  ])('%s: refused', (_, to, why, cause) => {
    expect(route({ from: JSMITH, to }, PLAN)).toEqual({ refused: expect.stringContaining(why), cause });
  });

  it('dials as the default country does', () => {
    const german: DialPlan = { ...PLAN, defaultCountry: 'DE' };
    expect(route({ from: JSMITH, to: '030 123456' }, german)).toMatchObject({ to: '+4930123456' });
    expect(route({ from: JSMITH, to: '00442079460000' }, german)).toMatchObject({ to: '+442079460000' });
    expect(route({ from: JSMITH, to: '110' }, german)).toHaveProperty('refused');
  });

  it("refuses a number without its area code: it would come out as somebody else's", () => {
    expect(route({ from: JSMITH, to: '5551234' }, PLAN)).toHaveProperty('refused');
  });
});

describe('who calls from outside', () => {
  it.each([
    '+12223334444',
    'anonymous',
    'Restricted',
    'sip:anonymous@anonymous.invalid',
    'sip:+12223334444@gw.example.com',
    '',
  ])('%j may call a number of LINES', (from) => {
    expect(route({ from, to: '+15557770000' }, PLAN)).toEqual({
      direction: 'pstn-to-sip',
      from: '+15557770000',
      to: BOB,
      callTimeout: 30,
    });
  });

  it.each(['(555) 777-0000', '15557770000', ' 15557770000', 'tel:+15557770000'])(
    'the number may be written %j',
    (to) => {
      expect(route({ from: '+12223334444', to }, PLAN)).toMatchObject({ direction: 'pstn-to-sip', to: BOB });
    },
  );

  // A GET callback that does not escape the + of its query; and the tutorial's number is too short for any country.
  it.each(['1555444333', ' 1555444333', 'sip:+1555444333@sip.example.com'])('the number may be written %j', (to) => {
    expect(route({ from: '+12223334444', to }, PLAN)).toMatchObject({ direction: 'pstn-to-sip', to: JSMITH });
  });

  it.each([
    ['an unknown number', '+12223334444', '+15559999999', 'is no number of LINES', 'unallocated'],
    ['an endpoint by name', '+12223334444', 'bob', 'is no number of LINES', 'unallocated'],
    [
      'an endpoint that is not ours calling out',
      `sip:mallory@${HOST}`,
      '+15552223333',
      'is no endpoint of LINES',
      'rejected',
    ],
    [
      'our name on another host',
      'sip:jsmith_mobile@example.org',
      '+15552223333',
      'is no endpoint of LINES',
      'rejected',
    ],
    ['our name in another case', `sip:JSMITH_mobile@${HOST}`, '+15552223333', 'is no endpoint of LINES', 'rejected'],
  ])('%s: refused', (_, from, to, why, cause) => {
    expect(route({ from, to }, PLAN)).toEqual({ refused: expect.stringContaining(why), cause });
  });

  it('an endpoint is known by its URI however it is spelt', () => {
    const from = `jsmith_mobile@${HOST.toUpperCase()}:5061;ob`;
    expect(route({ from, to: '+15552223333' }, PLAN)).toMatchObject({ direction: 'sip-to-pstn' });
  });
});

describe('the number that is shown', () => {
  it("is the line's own, else the first", () => {
    expect(numberFor(BOB, PLAN.lines)).toBe('+15557770000');
    expect(numberFor('+15552223333', PLAN.lines)).toBe('+1555444333');
    expect(numberFor(BOB, [])).toBeUndefined();
  });
});

describe('with CALLER_ID=caller', () => {
  const plan: DialPlan = { ...PLAN, callerId: 'caller' };
  it.each(['+12223334444', 'sip:+12223334444@gw.example.com'])('a phone sees who calls: %s', (from) => {
    expect(route({ from, to: '+15557770000' }, plan)).toMatchObject({ from, fallbackFrom: '+15557770000', to: BOB });
  });
  it.each(['anonymous', 'Restricted', 'sip:anonymous@anonymous.invalid', ''])(
    'a withheld number stays so: %j',
    (from) => {
      const found = route({ from, to: '+15557770000' }, plan);
      expect(found).toMatchObject({ from: '+15557770000' });
      expect(found).not.toHaveProperty('fallbackFrom');
    },
  );
  it('the PSTN is never shown a foreign number', () => {
    expect(route({ from: JSMITH, to: '+15552223333' }, plan)).toMatchObject({ from: '+1555444333' });
  });
});
