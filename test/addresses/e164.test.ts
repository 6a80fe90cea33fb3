import { isE164, toE164, subscriberNumber } from '../../src/addresses/e164';

describe('E.164', () => {
  it.each(['+1555444333', '+15552223333', '+123456789012345', '+1234567'])('%s is E.164', (n) =>
    expect(isE164(n)).toBe(true),
  );
  it.each(['15552223333', '+0123456789', '+123456', '+1234567890123456', '+1 555', '', '+15552223333\n'])(
    '%j has not',
    (n) => expect(isE164(n)).toBe(false),
  );
  it.each(['abc', '+', '', '911', '+911', '12', '1-800-FLOWERS', '*67', '#31#', '15551234567890', '+1555222333312345'])(
    '%j cannot be made E.164',
    (text) => expect(toE164(text, 'US')).toBeUndefined(),
  );
});

describe('a telephone-subscriber (RFC 3966)', () => {
  it.each([
    ['+1-555-222-3333', '+15552223333'],
    ['+1(555)222.3333;isub=1;ext=22', '+15552223333'],
    ['+15552223333;npdi;rn=+15550001111', '+15552223333'],
    ['+15552223333;phone-context=+49', '+15552223333'],
    ['3012345678;phone-context=+49', '+493012345678'],
    ['0612345678;phone-context=+33', '+33612345678'],
    ['612345678;Phone-Context=+33', '+33612345678'],
    ['222-3333;phone-context=+1-555', '+15552223333'],
    ['555-222-3333;phone-context=+1', '+15552223333'],
    ['555444333;phone-context=+1', '+1555444333'],
    ['222-3333', '2223333'],
    ['*98#', '*98#'],
    ['101;phone-context=example.com', '101'],
  ])('%s is %s', (text, number) => expect(subscriberNumber(text, (domain) => domain === 'example.com')).toBe(number));

  it.each([
    ['an emergency number within a country', '112;phone-context=+33'],
    ['an emergency number within a country', '911;phone-context=+1'],
    ['a number with a trunk prefix that is too short', '061234;phone-context=+33'],
    ['a number of another domain', '101;phone-context=example.org'],
    ['a context that is none', '5552223333;phone-context=+'],
    ['no number', 'alice;phone-context=+1'],
    ['nothing', ''],
  ])('%s is none that can be dialled: %s', (_what, text) =>
    expect(subscriberNumber(text, (domain) => domain === 'example.com')).toBeUndefined(),
  );

  it('is interpreted in its own context, not in the default country', () => {
    expect(toE164('3012345678;phone-context=+49', 'US')).toBe('+493012345678');
    expect(toE164('tel:3012345678;phone-context=example.com', 'US')).toBeUndefined();
  });
});
