import { lineChanges, type LineSet } from '../../src/config/line-changes';

const BOB = 'sip:bob@d.bwapp.bwsip.io';
const AL = 'sip:al@d.bwapp.bwsip.io';
const set = (value: string) => ({ value, generated: false });
const made = (value: string) => ({ value, generated: true });
const lineSet = (
  lines: [string, string][],
  passwords: Record<string, { value: string; generated: boolean }>,
): LineSet => ({
  lines: lines.map(([number, endpoint]) => ({ number, endpoint })),
  sipPasswords: new Map(Object.entries(passwords)),
});

const before = lineSet(
  [
    ['+1', BOB],
    ['+2', AL],
  ],
  { [BOB]: set('bob-1'), [AL]: made('al-1') },
);

it('an unchanged file changes nothing, and generated passwords stay', () => {
  const read = lineSet(
    [
      ['+1', BOB],
      ['+2', AL],
    ],
    { [BOB]: set('bob-1'), [AL]: made('al-2') },
  );
  const changes = lineChanges(before, read);
  expect(changes).toMatchObject({ changed: [], newEndpoints: [], goneEndpoints: [], goneNumbers: [] });
  expect(changes.next).toEqual(before);
});

it('adds a new line, and removes a missing one', () => {
  const read = lineSet(
    [
      ['+2', AL],
      ['+3', 'sip:new@d'],
    ],
    { [AL]: made('al-2'), 'sip:new@d': made('new-1') },
  );
  const changes = lineChanges(before, read);
  expect(changes.changed).toEqual([{ number: '+3', endpoint: 'sip:new@d' }]);
  expect([changes.newEndpoints, changes.goneEndpoints, changes.goneNumbers]).toEqual([['sip:new@d'], [BOB], ['+1']]);
  expect(changes.next.sipPasswords).toEqual(
    new Map([
      [AL, made('al-1')],
      ['sip:new@d', made('new-1')],
    ]),
  );
});

it('changes a number that rings another endpoint, and keeps registrations of the endpoint', () => {
  const read = lineSet(
    [
      ['+1', AL],
      ['+2', BOB],
    ],
    { [BOB]: set('bob-1'), [AL]: made('al-2') },
  );
  const changes = lineChanges(before, read);
  expect(changes.changed).toEqual(read.lines);
  expect([...changes.passwords.values()].every(({ generated }) => generated)).toBe(true);
  expect([changes.newEndpoints, changes.goneEndpoints, changes.goneNumbers]).toEqual([[], [], []]);
});

it('sets a changed password on its endpoint only', () => {
  const read = lineSet(
    [
      ['+1', BOB],
      ['+2', AL],
    ],
    { [BOB]: set('bob-2'), [AL]: made('al-2') },
  );
  const changes = lineChanges(before, read);
  expect(changes.changed).toEqual([{ number: '+1', endpoint: BOB }]);
  expect(changes.passwords.get(BOB)).toEqual(set('bob-2'));
});

it('keeps a removed password until the restart', () => {
  const read = lineSet(
    [
      ['+1', BOB],
      ['+2', AL],
    ],
    { [BOB]: made('bob-2'), [AL]: made('al-2') },
  );
  expect(lineChanges(before, read).next.sipPasswords.get(BOB)).toEqual(set('bob-1'));
});
