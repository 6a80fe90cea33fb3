/** A connection that breaks during an event: a fault of the app, or its end. */
import type { Socket } from 'node:net';
import { codesOf, eventOf, runKit, serve, type TestServer } from './run-kit';

let app: TestServer;
afterEach(() => app.close());

const once = ['--faults', 'none', '--settle', '1'];

it('an app that breaks a connection and keeps running has not answered that event', async () => {
  app = await serve((req, res) => {
    void eventOf(req).then(({ eventType }) => (eventType === 'hangup' ? req.socket.destroy() : res.end()));
  });
  const result = await runKit(app.url, ...once, '--scenario', 'phone/caller-gives-up');
  expect(codesOf(result)).toEqual(['event-unanswered']);
  expect(result.findings[0]).toMatchObject({ count: 1, texts: ['the event hangup: socket hang up'] });
});

it('an app that crashes is reported once, with the event that crashed it', async () => {
  let held = false;
  app = await serve((req, res) => {
    void eventOf(req).then(({ eventType }) => {
      // An event of the other call is pending when the app crashes.
      if (eventType === 'incomingcall' && !held) held = true;
      else if (eventType !== 'testkit-unknown-event') res.end();
      else void app.close();
    });
  });
  const result = await runKit(app.url, ...once, '--scenario', 'phone/unknown-event,pstn/unknown-event');
  expect(codesOf(result)).toEqual(['app-gone', 'unknown-event-refused']);
  expect(result.findings[0]?.texts[0]).toMatch(/accepts no more connections, since testkit-unknown-event/);
});

it('an app whose connections break shortly before it refuses new ones has crashed, without other findings', async () => {
  const held: Socket[] = [];
  app = await serve((req, res) => {
    void eventOf(req).then(({ eventType }) => {
      if (eventType === 'incomingcall' && held.length === 0) held.push(req.socket);
      else if (eventType !== 'testkit-unknown-event') res.end();
      else {
        for (const socket of [...held, req.socket]) socket.destroy();
        setTimeout(() => void app.close(), 100);
      }
    });
  });
  const result = await runKit(app.url, ...once, '--scenario', 'phone/unknown-event,pstn/unknown-event');
  expect(codesOf(result)).toEqual(['app-gone', 'unknown-event-refused']);
});
