import { UsageError } from '../../src/support/errors';
import { parseFaults } from '../../src/testkit/fault-settings';
import { parseOptions } from '../../src/testkit/options';
import { ALL_FAULTS } from '../../src/testkit/platform';
import { optionsOf } from './run-kit';

const URL = ['--url', 'http://127.0.0.1:3000/webhooks/voice'];

describe('the command line', () => {
  it('needs no more than the URL', () => {
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

  it('leaves the speak scenarios out where nothing can start them', () => {
    expect(optionsOf(URL).scenarios.map(({ kind }) => kind)).not.toContain('speak');
    const speaking = optionsOf([...URL, '--speak-url', 'http://127.0.0.1/call?to={to}', '--speak-header', 'x-a: b:c']);
    expect(speaking.scenarios.map(({ kind }) => kind)).toContain('speak');
    expect(speaking.speak?.method).toBe('POST');
    expect(Object.fromEntries(speaking.speak?.headers ?? [])).toEqual({
      'content-type': 'application/json',
      'x-a': 'b:c',
    });
  });

  it('names scenarios by caller, by what happens, or both', () => {
    const names = (text: string) => optionsOf([...URL, '--scenario', text]).scenarios.map(({ name }) => name);
    expect(names('busy')).toEqual(['phone/busy', 'pstn/busy']);
    expect(names('phone/busy,pstn/rejected')).toEqual(['phone/busy', 'pstn/rejected']);
    expect(names('phone').every((name) => name.startsWith('phone/'))).toBe(true);
  });

  it('takes an IPv6 address to listen at', () => {
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
    [['--url', 'localhost:3000'], /no http\(s\) URL/],
    [[...URL, '--what'], /--what/],
    [[...URL, 'stray'], /stray/],
    [[...URL, '--calls', '0'], /--calls/],
    [[...URL, '--calls', '1.5'], /no whole number/],
    [[...URL, '--seed', 'x'], /--seed/],
    [[...URL, '--listen', '4001'], /no host:port/],
    [[...URL, '--number', '5551234'], /not E.164/],
    [[...URL, '--endpoint', 'bob'], /no SIP URI/],
    [[...URL, '--scenario', 'nothing'], /no scenario "nothing"/],
    [[...URL, '--scenario', 'speak'], /need --speak-url/],
    [[...URL, '--callback-method', 'PUT'], /GET or POST/],
    [[...URL, '--faults', 'rain=1'], /there is no "rain"/],
    [[...URL, '--speak-url', 'http://127.0.0.1/', '--speak-header', 'x-a'], /--speak-header: "x-a" is not a header/],
    [[...URL, '--speak-url', 'http://127.0.0.1/', '--speak-header', ': b'], /is not a header/],
    [[...URL, '--speak-url', 'http://127.0.0.1/', '--speak-header', 'x a: b'], /is not a header/],
  ])('%j is refused with what to do', (args, message) => {
    expect(() => parseOptions(args, 1)).toThrow(UsageError);
    expect(() => parseOptions(args, 1)).toThrow(message);
  });
});

describe('--faults', () => {
  it('takes a set and changes it', () => {
    const { events, commands } = parseFaults('all,drop=0,429=0.5');
    expect(events).toEqual({ ...ALL_FAULTS.events, lost: 0 });
    expect(commands).toEqual({ ...ALL_FAULTS.commands, '429': 0.5 });
    expect(ALL_FAULTS.events.lost).toBeGreaterThan(0);
  });

  it('takes faults by name, and has no other then', () => {
    expect(parseFaults('duplicate=0.1,query-503=1')).toMatchObject({
      events: { duplicated: 0.1 },
      commands: {},
      queries: 1,
      strict: 0,
    });
  });

  it.each(['duplicate', 'duplicate=', 'duplicate=2', 'duplicate=x'])('wants a probability: %s', (text) => {
    expect(() => parseFaults(text)).toThrow(/probability from 0 to 1/);
  });
});
