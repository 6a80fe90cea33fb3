import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRecordPoster } from '../../../src/engine/call-records/record-poster';
import { recordingLog } from '../../helpers/builders';
import { createInbox, type Inbox } from '../../helpers/inbox';

const SECRET = 'sixteen-characters';
interface Post {
  headers: IncomingHttpHeaders;
  body: string;
}
let server: Server;
let inbox: Inbox<Post>;
/** Each request gets the next; then 200. `hang`: no reply. */
let replies: (number | 'hang')[];
let url: string;

beforeEach(async () => {
  inbox = createInbox();
  replies = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      inbox.push({ headers: request.headers, body });
      const status = replies.shift() ?? 200;
      if (status !== 'hang') response.writeHead(status, { location: '/elsewhere' }).end('thanks');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/records`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const count = jest.fn<void, [string, string]>();
beforeEach(() => count.mockReset());
const poster = (log = recordingLog().log, options = {}) =>
  createRecordPoster({ url, secret: SECRET, log, count, pauseMs: 1, ...options });

describe('call records that are posted', () => {
  it('have a signature of now, and the id of the record', async () => {
    const sink = poster();
    sink.write('r-1', '{"n":1}');
    const { headers, body } = await inbox.next();
    expect(body).toBe('{"n":1}');
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'idempotency-key': 'r-1' });
    const [, time] = /^t=(\d+),v1=[0-9a-f]{64}$/.exec(String(headers['tandem-signature'])) ?? [];
    expect(Math.abs(Number(time) - Date.now() / 1_000)).toBeLessThan(60);
    await sink.close(5_000);
    expect(count.mock.calls).toEqual([['url', 'written']]);
  });

  it.each([500, 503, 429, 408])('are sent again after %d, with the same id', async (status) => {
    replies = [status, status];
    const { log, lines } = recordingLog();
    const sink = poster(log);
    sink.write('r-1', '{}');
    const ids = [await inbox.next(), await inbox.next(), await inbox.next()].map(
      ({ headers }) => headers['idempotency-key'],
    );
    expect(ids).toEqual(['r-1', 'r-1', 'r-1']);
    await sink.close(5_000);
    expect(lines.map(({ event }) => event)).toEqual(['call-records-failing', 'call-records-recovered']);
  });

  it.each([400, 401, 404, 302])('are given up after %d, and are in the log then', async (status) => {
    replies = [status];
    const { log, line } = recordingLog();
    const sink = poster(log);
    sink.write('r-1', '{"n":1}');
    expect(await line(({ event }) => event === 'call-record-lost')).toMatchObject({
      level: 50,
      reason: `HTTP status ${status}`,
      record: { n: 1 },
    });
    await sink.close(5_000);
    expect(inbox.received).toHaveLength(1);
  });

  it('wait while the address refuses connections, in bounds', async () => {
    const { log, lines, line } = recordingLog();
    const sink = createRecordPoster({ url: 'http://127.0.0.1:1/', secret: SECRET, log, count, limit: 2 });
    for (const n of [1, 2, 3, 4, 5, 6, 7]) sink.write(`r-${n}`, '{}');
    expect(await line(({ event }) => event === 'call-records-failing')).toMatchObject({ sink: 'url' });
    await sink.close(0);
    const lost = lines.filter(({ event }) => event === 'call-record-lost').map(({ recordId }) => recordId);
    expect(lost.sort()).toEqual(['r-1', 'r-2', 'r-3', 'r-4', 'r-5', 'r-6', 'r-7']);
  });

  it('are delivered before the server is closed, where that is possible in time', async () => {
    const sink = poster();
    for (let n = 0; n < 50; n++) sink.write(`r-${n}`, '{}');
    await sink.close(10_000);
    expect(new Set(inbox.received.map(({ headers }) => headers['idempotency-key'])).size).toBe(50);
  });

  it('are settled once, when they were delivered or given up', async () => {
    replies = [503, 200, 400];
    const sink = poster();
    const settled = [jest.fn(), jest.fn()];
    sink.write('r-1', '{}', settled[0]);
    await inbox.next();
    expect(settled[0]).not.toHaveBeenCalled();
    await inbox.next();
    sink.write('r-2', '{}', settled[1]);
    await sink.close(5_000);
    expect(settled.map((each) => each.mock.calls.length)).toEqual([1, 1]);
    expect(count.mock.calls.map(([, outcome]) => outcome)).toEqual(['failed', 'written', 'lost']);
  });

  it('are left to the store that keeps them at the end, and only the others are in the log', async () => {
    replies = ['hang', 503];
    const { log, lines } = recordingLog();
    const sink = poster(log, { pauseMs: 60_000 });
    const settled = jest.fn();
    sink.write('r-1', '{}', settled);
    await inbox.next();
    sink.write('r-2', '{}', settled);
    sink.write('r-3', '{"n":3}');
    await sink.close(0);
    const told = lines.filter(({ event }) => event !== 'call-records-failing');
    expect(told).toEqual([
      expect.objectContaining({ event: 'call-record-lost', recordId: 'r-3', record: { n: 3 } }),
      expect.objectContaining({ event: 'call-records-left', waiting: 2 }),
    ]);
    expect(settled).not.toHaveBeenCalled();
  });

  it('go on where the count of one throws: an internal error', async () => {
    const { log, line } = recordingLog();
    count.mockImplementationOnce(() => {
      throw new Error('count is broken');
    });
    const sink = poster(log);
    sink.write('r-1', '{}');
    expect(await line(({ event }) => event === 'internal-error')).toMatchObject({ where: 'call records' });
    sink.write('r-2', '{}');
    await sink.close(10_000);
    expect(count).toHaveBeenLastCalledWith('url', 'written');
  });

  it('do not hold up the end of the server where no reply comes', async () => {
    replies = ['hang'];
    const { log, lines } = recordingLog();
    const sink = poster(log);
    sink.write('r-1', '{}');
    await inbox.next();
    await sink.close(0);
    expect(lines.map(({ event }) => event)).toEqual(['call-record-lost']);
  });
});
