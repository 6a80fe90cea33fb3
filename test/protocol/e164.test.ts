import { isE164, toE164 } from '../../src/protocol/e164';

describe('E.164', () => {
  it.each(['+1555444333', '+15552223333', '+123456789012345', '+1234567'])('%s has its shape', (n) =>
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
