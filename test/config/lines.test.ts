import fc from 'fast-check';
import { passwordsOf } from '../../src/config/line-settings';
import { parseLines, parseLinesFile, sipPasswordFault } from '../../src/config/lines';

const ALICE = 'sip:alice@example.com';
const BOB = 'sip:bob@example.com';

describe('LINES', () => {
  it('has entries of number and endpoint, with or without a password', () => {
    const { lines, passwords, faults } = parseLines(
      ` +15551234567 = alice@Example.com , ,+15551234568=${BOB} = s3cret=@:x `,
    );
    expect(faults).toEqual([]);
    expect(lines).toEqual([
      { number: '+15551234567', endpoint: ALICE },
      { number: '+15551234568', endpoint: BOB },
    ]);
    expect([...passwords]).toEqual([[BOB, 's3cret=@:x']]);
  });

  it('takes a user with "=" in its name', () => {
    const { lines, passwords } = parseLines('+15551234567=sip:a=b@example.com=secret');
    expect(lines[0]?.endpoint).toBe('sip:a=b@example.com');
    expect(passwords.get('sip:a=b@example.com')).toBe('secret');
  });

  it('gives an endpoint of two numbers one password', () => {
    const twice = parseLines(`+15551234567=${ALICE}=secret1,+15551234568=${ALICE},+15551234569=${ALICE}=secret1`);
    expect(twice.faults).toEqual([]);
    expect([...twice.passwords]).toEqual([[ALICE, 'secret1']]);
    const { faults } = parseLines(`+15551234567=${ALICE}=secret1,+15551234568=${ALICE}=secret2`);
    expect(faults).toEqual([expect.stringMatching(/^LINES entry 2 gives sip:alice@example.com a second password/)]);
  });

  it.each([
    ['', /^LINES is empty; write number=sip:user@domain/],
    [' , ', /^LINES is empty/],
    ['+15551234567', /^LINES entry 1 "\+15551234567" has no "="/],
    [
      '5551234567=sip:a@b.c',
      /^LINES entry 1 has the number "5551234567", which is not E.164; write it as \+15551234567/,
    ],
    ['+15551234567=nobody', /has the endpoint \(not shown\), which is not a SIP URI/],
    ['+15551234567=sip:a@b c', /has the endpoint "sip:a@b c", which is not a SIP URI/],
    ['+15551234567=sip:a@b.c,+15551234567=sip:d@e.f', /^LINES entry 2 has the number \+15551234567 again/],
    ['+15551234567=sip:a@b.c:5070', /with a port; phones find the server by SIP_PORT/],
    ['+15551234567=sips:a@b.c', /sips: is not supported/],
    ['+15551234567=sip:a@b.c;transport=tcp', /with ";" or "\?"/],
    ['+15551234567=sip:a@b.c?subject=x', /with ";" or "\?"/],
    ['+15551234567=sip:a;x@b.c', /with ";" or "\?"/],
    ['+15551234567=sip:a@b.c;+15551234568=sip:d@e.f', /separate entries by commas/],
    ['+15551234567="Al" <sip:a@b.c>', /display name or brackets/],
  ])('%s: one fault, with the remedy', (text, fault) => {
    expect(parseLines(text).faults).toEqual([expect.stringMatching(fault)]);
  });

  it.each([
    ['before the "@"', '+15551234567=sip:alice:hunter22@example.com'],
    ['before the "@" of sips:', '+15551234567=sips:alice:hunter22@example.com'],
    ['before the "@", with a port', '+15551234567=alice:hunter22@example.com:5060'],
    ['too short', '+15551234567=sip:alice@example.com=hunt'],
    ['with a space', '+15551234567=sip:alice@example.com=hunter22 x'],
    ['with a comma', '+15551234567=sip:alice@example.com=hunter22,hunter22'],
    ['with a comma and "="', '+15551234567=sip:alice@example.com=hunter22,hunter22=hunter22'],
    ['with a semicolon', '+15551234567=sip:alice@example.com=hunter22;x'],
    ['with a quote', '+15551234567=sip:alice@example.com="hunter22"'],
    ['outside ASCII', '+15551234567=sip:alice@example.com=hunter22ü'],
    ['in place of the endpoint', '+15551234567=hunter22'],
    ['behind a space', '+15551234567 sip:alice@example.com=hunter22'],
    ['without a domain', '+15551234567=alice=hunter22'],
  ])('never repeats a password %s', (_, text) => {
    const { faults } = parseLines(text);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^LINES entry [12] /);
    expect(faults[0]).not.toContain('hunt');
  });

  it('reports every invalid entry', () => {
    expect(parseLines('y,z').faults).toHaveLength(2);
  });
});

describe('LINES_FILE', () => {
  it('has one entry per line, comments and blank lines', () => {
    const { lines, passwords, faults } = parseLinesFile(
      `# phones\r\n+15551234567=${ALICE}=secret1\r\n\r\n  # more\n+15551234568=${BOB}\r`,
    );
    expect(faults).toEqual([]);
    expect(lines).toHaveLength(2);
    expect([...passwords]).toEqual([[ALICE, 'secret1']]);
  });

  it('reports the line of a fault', () => {
    const { faults } = parseLinesFile(`# one\n+15551234567=${ALICE}\n+15551234568\n+15551234569=${BOB},x\n`);
    expect(faults).toEqual([
      expect.stringMatching(/^LINES_FILE line 3 "\+15551234568" has no "="/),
      expect.stringMatching(
        /^LINES_FILE line 4 \(\+15551234569\) has the endpoint "sip:bob@example.com,x", which is not/,
      ),
    ]);
  });

  it('needs an entry', () => {
    expect(parseLinesFile('# nothing\n\n').faults).toEqual([expect.stringMatching(/^LINES_FILE has no entries/)]);
  });
});

it('any text is parsed or refused, and every valid password is returned unchanged', () => {
  const password = fc.string({ minLength: 6, maxLength: 128 }).filter((text) => sipPasswordFault(text) === undefined);
  fc.assert(
    fc.property(password, (text) => {
      expect(parseLines(`+15551234567=${ALICE}=${text}`).passwords.get(ALICE)).toBe(text);
      expect(parseLinesFile(`+15551234567=${ALICE}=${text}`).passwords.get(ALICE)).toBe(text);
    }),
  );
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      for (const text of [a, `+15551234567=${a}`, `+15551234567=sip:${a}@b=${b}`]) {
        const { lines, faults } = parseLines(text);
        expect(lines.length + faults.length).toBeGreaterThan(0);
      }
    }),
  );
});

/** Property names of every plain object. */
const inherited = fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf');

it('a user, a domain and a password may have any name, and each endpoint keeps its own', () => {
  fc.assert(
    fc.property(fc.uniqueArray(inherited, { minLength: 1 }), inherited, (users, domain) => {
      const endpoint = (user: string): string => `sip:${user}@${domain.toLowerCase().replaceAll('_', '')}.example`;
      const entries = users.map((user, index) => `+1555123456${index}=${endpoint(user)}=${user}`);
      for (const parsed of [parseLines(entries.join(',')), parseLinesFile(entries.join('\n'))]) {
        expect(parsed.faults).toEqual([]);
        expect(parsed.lines.map((line) => line.endpoint)).toEqual(users.map(endpoint));
        expect([...parsed.passwords]).toEqual(users.map((user) => [endpoint(user), user]));
        const passwords = passwordsOf(parsed, undefined);
        expect(users.map((user) => passwords.get(endpoint(user))?.value)).toEqual(users);
      }
    }),
  );
});

it('such a name in place of a number, an endpoint or a whole entry is a fault', () => {
  fc.assert(
    fc.property(inherited, inherited, (a, b) => {
      for (const text of [a, `${a}=sip:${b}@example.com`, `+15551234567=${a}`, `+15551234567=${a}=${b}`, `${a}=${b}`])
        expect([text, parseLines(text).faults.length, parseLinesFile(text).faults.length]).toEqual([text, 1, 1]);
    }),
  );
});
