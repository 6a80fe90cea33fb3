/** An application of old, with the official SDK, joins a phone that calls with another. `npm ci --prefix test/sdk` installs the SDK. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { soundSpan } from './support/analysis';
import { startChild } from './support/child';
import { hears, isUp } from './support/listening';
import { setStage } from './support/stage';
import { ALICE, JSMITH, PSTN } from './support/tandem';
import { eventually } from './support/waiting';

const installed = existsSync(join(__dirname, '../sdk/node_modules/node-bandwidth'));
if (!installed && process.env['CI'] !== undefined)
  throw new Error('node-bandwidth is not installed: run `npm ci` in test/sdk first');
if (!installed)
  console.log('Left out: an application with the official SDK, with phones. To run it: npm ci --prefix test/sdk');

(installed ? it : it.skip)('the caller is told to wait, the other phone rings, both hear each other', async () => {
  const stage = await setStage();
  const app = startChild(process.execPath, [join(__dirname, 'apps/sdk-bridge.cjs')], {
    cwd: __dirname,
    env: {
      NODE_NO_WARNINGS: '1', // the SDK is old
      BASE_URL: stage.tandem.platformUrl,
      USER_ID: stage.tandem.userId,
      API_TOKEN: stage.tandem.token,
      API_SECRET: stage.tandem.secret,
      NUMBER: JSMITH.number,
      CALLER: JSMITH.uri,
      CALLEE: ALICE.uri,
    },
  });
  try {
    await eventually('the application', () => /^ready$/m.test(app.output()), 30_000);
    const jsmith = await stage.phone({ hz: 440 });
    const alice = await stage.phone({ hz: 1_000, user: ALICE.user });
    await jsmith.dial(PSTN);
    await isUp(jsmith);
    await alice.events.next('CALL_INCOMING');
    const { from, to } = soundSpan(await jsmith.heardLast()) ?? { from: 0, to: 0 };
    expect(to - from).toBeGreaterThan(0.4);
    await alice.accept();
    await isUp(alice);
    await Promise.all([hears(jsmith, 1_000), hears(alice, 440)]);
    await alice.hangup();
    await jsmith.events.next('CALL_CLOSED');
    await stage.allOver();
    expect(app.output()).not.toContain('failed');
  } finally {
    await app.end('SIGKILL');
    await stage.close();
  }
});
