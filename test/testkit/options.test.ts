import { UsageError } from '../../src/support/errors';
import { parseFaults } from '../../src/testkit/fault-settings';
import { parseOptions } from '../../src/testkit/options';
import { ALL_FAULTS } from '../../src/testkit/platform';
import { optionsOf } from './run-kit';

const URL = ['--url', 'http://127.0.0.1:3000/webhooks/voice'];

describe('the command line', () => {
  it('needs only the URL', () => {
    expect(optionsOf(URL)).toMatchObject({
      callbackMethod: 'POST',
      listen: { host: '127.0.0.1', port: 0 },
      number: '+1555444333',
      calls: 100,
      seed: 42,
      settleMs: 60_000,
      speak: undefined,
      faults: { ...ALL_FAULTS },
    });
  });

  it('leaves out the speak scenarios without --speak-url', () => {
    expect(optionsOf(URL).scenarios.map(({ kind }) => kind)).not.toContain('speak');
    const speaking = optionsOf([...URL, '--speak-url', 'http://127.0.0.1/call?to={to}', '--speak-header', 'x-a: b:c']);
    expect(speaking.scenarios.map(({ kind }) => kind)).toContain('speak');
    expect(speaking.speak?.method).toBe('POST');
    expect(Object.fromEntries(speaking.speak?.headers ?? [])).toEqual({
      'content-type': 'application/json',
      'x-a': 'b:c',
    });
  });

  it('selects scenarios by caller, by course, or by both', () => {
    const names = (text: string) => optionsOf([...URL, '--scenario', text]).scenarios.map(({ name }) => name);
    expect(names('busy')).toEqual(['phone/busy', 'pstn/busy']);
    expect(names('phone/busy,pstn/rejected')).toEqual(['phone/busy', 'pstn/rejected']);
    expect(names('phone').every((name) => name.startsWith('phone/'))).toBe(true);
  });

  it('accepts an IPv6 address to listen on', () => {
    expect(optionsOf([...URL, '--listen', '[::1]:4001']).listen).toEqual({ host: '::1', port: 4001 });
  });

  it.each([
    ['--help', 'help'],
    ['-h', 'help'],
    ['--list', 'list'],
  ])('%s', (flag, meaning) => {
    expect(parseOptions([flag], 1)).toBe(meaning);
  });

  it.each([
    [[], /--url is missing/],
    [['--url', 'localhost:3000'], /must be an http or https URL/],
    [[...URL, '--what'], /--what/],
    [[...URL, 'stray'], /stray/],
    [[...URL, '--calls', '0'], /--calls/],
    [[...URL, '--calls', '1.5'], /must be an integer between 1 and 1000000 \(got "1.5"\)/],
    [[...URL, '--seed', 'x'], /--seed/],
    [[...URL, '--listen', '4001'], /must be host:port/],
    [[...URL, '--number', '5551234'], /must be an E.164 number/],
    [[...URL, '--endpoint', 'bob'], /must be a SIP URI/],
    [[...URL, '--scenario', 'nothing'], /unknown scenario "nothing"/],
    [[...URL, '--scenario', 'speak'], /need --speak-url/],
    [[...URL, '--callback-method', 'PUT'], /GET or POST/],
    [[...URL, '--faults', 'rain=1'], /unknown fault "rain"/],
    [[...URL, '--speak-url', 'http://127.0.0.1/', '--speak-header', 'x-a'], /--speak-header must be a header.*"x-a"/],
    [[...URL, '--speak-url', 'http://127.0.0.1/', '--speak-header', ': b'], /must be a header/],
    [[...URL, '--speak-url', 'http://127.0.0.1/', '--speak-header', 'x a: b'], /must be a header/],
  ])('%j is refused with a remedy', (args, message) => {
    expect(() => parseOptions(args, 1)).toThrow(UsageError);
    expect(() => parseOptions(args, 1)).toThrow(message);
  });
});

describe('--faults', () => {
  it('accepts a set with changes', () => {
    const { events, commands } = parseFaults('all,drop=0,429=0.5');
    expect(events).toEqual({ ...ALL_FAULTS.events, lost: 0 });
    expect(commands).toEqual({ ...ALL_FAULTS.commands, '429': 0.5 });
    expect(ALL_FAULTS.events.lost).toBeGreaterThan(0);
  });

  it('accepts faults by name, without any others', () => {
    expect(parseFaults('duplicate=0.1,query-503=1')).toMatchObject({
      events: { duplicated: 0.1 },
      commands: {},
      queries: 1,
      strict: 0,
    });
  });

  it.each(['duplicate', 'duplicate=', 'duplicate=2', 'duplicate=x'])('requires a probability: %s', (text) => {
    expect(() => parseFaults(text)).toThrow(/probability from 0 to 1/);
  });
});
