import { arrowsOf, drawLadder } from '../../src/ladder/ladder';
import { DemoError } from '../../src/demo/clients';
import { runDemo } from '../../src/demo/demo';
import { scenariosOf } from '../../src/demo/scenarios';
import { ENDPOINT, NUMBER } from '../helpers/builders';
import { ACCOUNT, runTandem, type RunningTandem } from '../helpers/tandem';

describe('the ladder', () => {
  it('draws an arrow a line, with the time since the first', () => {
    const [header, first, second] = drawLadder([
      { at: 5_000, from: 'phone', to: 'platform', label: 'dials' },
      { at: 5_250, from: 'Tandem', to: 'platform', label: 'dial' },
    ]);
    expect(header?.trim().split(/\s+/)).toEqual(['phone', 'platform', 'Tandem', 'PSTN']);
    expect(first).toMatch(/^ {3}0\.000 {2}│─+ dials ─+▶│ +│ +│$/);
    expect(second).toMatch(/^ {3}0\.250 {2}│ +│◀─+ dial ─+│ +│$/);
  });

  it('draws through the columns between, and cuts a label that is too long', () => {
    const [, line = ''] = drawLadder([{ at: 0, from: 'PSTN', to: 'platform', label: 'x'.repeat(100) }]);
    expect(line).toMatch(/◀─+┼/);
    expect(line.length).toBe(10 + 3 * 36 + 1);
  });

  it('draws nothing but its head where nothing happened', () => expect(drawLadder([])).toHaveLength(1));

  it('orders what Tandem and the far ends saw by time, a command when it was sent', () => {
    const call = {
      id: 'c-1',
      kind: 'bridge-legs',
      phase: 'ended',
      to: '+15552223333',
      legs: [],
      createdAt: '2026-01-01T00:00:01.000Z',
      timeline: [
        {
          time: '2026-01-01T00:00:02.000Z',
          what: 'command dial',
          phase: 'dialling',
          outcome: 'busy',
          tookMs: 990,
        },
        {
          time: '2026-01-01T00:00:03.000Z',
          what: 'event hangup',
          leg: 'callee',
          phase: 'ending',
          outcome: 'USER_BUSY',
        },
        { time: '2026-01-01T00:00:04.000Z', what: 'deadline', phase: 'ended' },
      ],
    } as const;
    const leg = {
      kind: 'phone',
      party: ENDPOINT,
      direction: 'in',
      callId: 'c-1',
      state: 'ended',
      history: [{ time: '2026-01-01T00:00:00.000Z', what: 'dialled' }],
    } as const;
    const arrows = arrowsOf({ ...call, timeline: [...call.timeline] }, [{ ...leg, history: [...leg.history] }]);
    expect(arrows.map(({ from, to, label }) => `${from} > ${to}: ${label}`)).toEqual([
      'phone > platform: dials +15552223333',
      'platform > Tandem: offered',
      'Tandem > platform: dial ✗ busy',
      'platform > Tandem: hangup USER_BUSY callee',
    ]);
  });
});

describe('the demo', () => {
  let tandem: RunningTandem;
  const lines: string[] = [];
  beforeAll(async () => {
    tandem = await runTandem({ CALL_TIMEOUT_SECONDS: '3' });
    await tandem.phone(ENDPOINT);
  });
  afterAll(() => tandem.close());
  const run = (...names: string[]) =>
    runDemo(
      {
        url: tandem.server.url,
        platform: { ...ACCOUNT, url: tandem.platform.url },
        line: { number: NUMBER, endpoint: ENDPOINT },
      },
      scenariosOf(names),
      (line) => lines.push(line),
    );

  it('runs every scenario on real servers, and draws it', async () => {
    expect(await run()).toBe(true);
    const text = lines.join('\n');
    expect(text).toContain('6 of 6 flows ended as expected');
    for (const drawn of ['"Hello sip client"', 'hears the other side', 'USER_BUSY', 'bridge', 'dials +15552223333']) {
      expect(text).toContain(drawn);
    }
  }, 30_000);

  it('says what demos there are', () => {
    expect(() => scenariosOf(['nothing'])).toThrow(/unknown demo "nothing"; use sip-to-pstn, /);
  });

  it('fails where a flow ends otherwise', async () => {
    const other = await runTandem();
    await other.phone(ENDPOINT, { behaviour: 'busy' });
    const target = {
      url: other.server.url,
      platform: { ...ACCOUNT, url: other.platform.url },
      line: { number: NUMBER, endpoint: ENDPOINT },
    };
    expect(await runDemo(target, scenariosOf(['speak']), (line) => lines.push(line))).toBe(false);
    expect(lines.join('\n')).toContain('✘ the flow must end with completed (got busy)');
    await other.close();
  });

  it('says that nobody is there', async () => {
    const target = {
      url: 'http://127.0.0.1:1',
      platform: { ...ACCOUNT, url: 'http://127.0.0.1:1' },
      line: { number: NUMBER, endpoint: ENDPOINT },
    };
    await expect(runDemo(target, scenariosOf(['speak']), () => undefined)).rejects.toThrow(DemoError);
  });
});
