import { createPrng } from '../../src/testkit/platform/prng';
import { drawJobs, SCENARIOS } from '../../src/testkit/scenarios';
import type { RunResult } from '../../src/testkit/run';
import { runApp, type RunningApp } from './run-app';
import { runKit } from './run-kit';

const draw = (seed: number) => drawJobs(createPrng(seed), SCENARIOS, 200, 0.05);

describe('one seed', () => {
  it('draws the same calls, and another seed draws others', () => {
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('draws the first calls of a longer run, too', () => {
    expect(drawJobs(createPrng(1), SCENARIOS, 20, 0.05)).toEqual(draw(1).slice(0, 20));
  });
});

describe('two runs with one seed', () => {
  let app: RunningApp;
  afterEach(() => app.stop());

  const playedIn = async (): Promise<RunResult['passes'][number]['played']> => {
    app = await runApp('knows-all-events');
    // Excludes faults after which a call of this app never ends.
    const faults = ['--faults', 'duplicate=0.3,delay=0.3,slow-reply=0.3'];
    const calls = ['--seed', '7', '--calls', '20', '--settle', '1', '--scenario', 'answered,busy,caller-gives-up'];
    const { passes } = await runKit(app.url, ...faults, ...calls);
    await app.stop();
    return passes.flatMap(({ played }) => played).sort((a, b) => a.label.localeCompare(b.label));
  };

  it('play the same scripts, and the same faults hit the same events and commands', async () => {
    const [first, second] = [await playedIn(), await playedIn()];
    const scripts = (played: typeof first) => played.map(({ label, job, script }) => ({ label, job, script }));
    expect(scripts(first)).toEqual(scripts(second));
    let compared = 0;
    for (const [i, { drawn }] of first.entries()) {
      const again = second[i]?.drawn ?? {};
      expect(again['event caller incomingcall 1']).toBe(drawn['event caller incomingcall 1']);
      // What the app does after a fault may differ by milliseconds, and with it what comes to be thrown for.
      for (const [key, outcome] of Object.entries(drawn)) {
        if (!(key in again)) continue;
        expect([key, again[key]]).toEqual([key, outcome]);
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(10);
  }, 40_000);
});
