/** Apps like old samples. Each has its own faults, and the kit must find them. */
import { exitCodeOf, type RunResult } from '../../src/testkit/run';
import { runApp, type RunningApp } from './run-app';
import { codesOf, runKit } from './run-kit';

let app: RunningApp;
afterEach(() => app.stop());

const named = (result: RunResult, code: string) => result.findings.find((finding) => finding.code === code);

describe('an app that answers at once and never hangs up', () => {
  it('has early answers, orphans and waiting callers even without injected faults', async () => {
    app = await runApp('answers-at-once');
    const result = await runKit(
      app.url,
      '--faults',
      'none',
      '--scenario',
      'answered,busy,dial-refused',
      '--settle',
      '1',
    );
    expect(codesOf(result)).toEqual(['orphan-leg', 'early-answer', 'caller-left-waiting']);
    expect(named(result, 'orphan-leg')?.scenarios).toEqual({ 'perfect phone/answered': 1, 'perfect pstn/answered': 1 });
    expect(named(result, 'orphan-leg')?.texts).toEqual(['callee is still active']);
    expect(named(result, 'early-answer')?.onPerfectWire).toBe(6);
    expect(named(result, 'caller-left-waiting')?.texts.toSorted()).toEqual([
      'the caller is in silence: its dial had failed',
      'the caller is in silence: the callee was gone',
    ]);
    expect(exitCodeOf(result)).toBe(1);
  }, 30_000);
});

describe('an app that remembers nothing', () => {
  it('dials and bridges twice after repeated events, and ignores a failed dial', async () => {
    app = await runApp('remembers-nothing');
    const faults = ['--faults', 'duplicate=1', '--calls', '10', '--concurrency', '5'];
    const result = await runKit(app.url, ...faults, '--scenario', 'answered,dial-refused', '--settle', '1');
    expect(codesOf(result)).toEqual(
      expect.arrayContaining(['double-dial', 'double-bridge', 'caller-left-waiting', 'bridged-not-active']),
    );
    expect(named(result, 'double-dial')).toMatchObject({ severity: 'error', onPerfectWire: 0 });
    expect(named(result, 'double-bridge')?.onPerfectWire).toBe(0);
    expect(named(result, 'caller-left-waiting')?.scenarios).toMatchObject({ 'perfect phone/dial-refused': 1 });
    expect(named(result, 'double-dial')?.example?.ladder.join('\n')).toMatch(
      /incomingcall \[duplicate\][\s\S]*!! two dials/,
    );
    expect(exitCodeOf(result)).toBe(1);
  }, 30_000);
});

describe('an app that crashes on events that it does not know', () => {
  it('is reported with the event that crashed it, and without findings about the calls left behind', async () => {
    app = await runApp('knows-all-events');
    const result = await runKit(app.url, '--scenario', 'phone/answered,phone/unknown-event', '--calls', '10');
    expect(codesOf(result)).toEqual(['app-gone', 'unknown-event-refused']);
    expect(named(result, 'app-gone')?.scenarios).toEqual({ 'perfect phone/unknown-event': 1 });
    expect(named(result, 'app-gone')?.texts[0]).toMatch(/accepts no more connections, since testkit-unknown-event/);
    expect(result.passes.map(({ name }) => name)).toEqual(['perfect']);
    expect(exitCodeOf(result)).toBe(1);
  }, 30_000);

  it('has no findings while it knows all events', async () => {
    app = await runApp('knows-all-events');
    const result = await runKit(
      app.url,
      '--faults',
      'none',
      '--scenario',
      'answered,phone/no-answer,keys-pressed,pstn/busy',
    );
    expect(result.findings).toEqual([]);
    expect(exitCodeOf(result)).toBe(0);
  }, 30_000);
});
