import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Logger } from '../../../src/support/logger';
import { Headers, NO_BODY, type SipRequest } from '../../../src/sip/message';
import { responseTo } from '../../../src/sip/respond';
import { FlowError } from '../../../src/sip/transport';
import { recordingLog } from '../../helpers/builders';
import { INVALID } from '../message/rfc4475/invalid';
import { datagram, datagramPeer, options, peerOf, start, streamPeer, type Harness, type Received } from './harness';
import { TEST_CERT, TEST_KEY } from './test-certificate';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function started(...args: Parameters<typeof start>): Promise<Harness> {
  const harness = await start(...args);
  ends.push(() => harness.transports.close());
  return harness;
}
async function udp() {
  const socket = await datagramPeer();
  ends.push(() => socket.close());
  return socket;
}
async function tcp(port: number) {
  const peer = await streamPeer(port);
  ends.push(() => peer.socket.destroy());
  return peer;
}
/** A TCP server of another peer. */
async function listener(accepted: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer(accepted);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => server.close());
  const address = server.address();
  return { server, port: address !== null && typeof address === 'object' ? address.port : 0 };
}

const answer = ({ message, flow }: Received, status = 200): void => {
  if (message.kind === 'request') flow.send(responseTo(message, status, { toTag: 'x' }));
};
const ask = (callId: string): SipRequest => ({
  kind: 'request',
  method: 'OPTIONS',
  uri: 'sip:alice@127.0.0.1',
  headers: new Headers([
    ['Via', 'SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx'],
    ['From', '<sip:tandem@127.0.0.1>;tag=1'],
    ['To', '<sip:alice@127.0.0.1>'],
    ['Call-ID', callId],
    ['CSeq', '1 OPTIONS'],
  ]),
  body: NO_BODY,
});
/** Resolves when no connection is counted. */
async function allGone({ counts }: Harness['transports']): Promise<void> {
  while (counts.connections > 0) await new Promise(setImmediate);
}
const failure = (send: (onFailure: (error: Error) => void) => void): Promise<Error> => new Promise(send);

describe('UDP', () => {
  it('sets received and rport in the top Via of a request, replacing its values', async () => {
    const { next, port } = await started();
    const peer = await udp();
    const spoofed = options('a').toString().replace(';rport', ';received=6.6.6.6;rport=1');
    peer.send(spoofed, port('UDP'), '127.0.0.1');
    const { message, flow } = await next();
    expect(message.headers.all('via')).toEqual([
      `SIP/2.0/UDP 192.0.2.99:4444;branch=z9hG4bKa;alias;received=127.0.0.1;rport=${peer.address().port}`,
      'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKbelow',
    ]);
    expect(flow).toMatchObject({
      transport: 'UDP',
      reliable: false,
      open: true,
      remote: { host: '127.0.0.1', port: peer.address().port },
      local: { host: '127.0.0.1', port: port('UDP') },
      id: `UDP:127.0.0.1:${peer.address().port}`,
    });
  });

  it('answers to the source of a request with rport, not to the address in Via (RFC 3581)', async () => {
    const { next, port } = await started();
    const peer = await udp();
    peer.send(options('a'), port('UDP'), '127.0.0.1');
    answer(await next());
    expect(await datagram(peer)).toMatch(/^SIP\/2.0 200 OK\r\n/);
  });

  describe('a request without rport (RFC 3261 18.2.2)', () => {
    /** Two sockets of a phone: it sends from the first, and its Via names the second. */
    const phoneOfTwoPorts = async (host: string) => {
      const harness = await started();
      const [sends, listens] = [await udp(), await udp()];
      const via = `${host}:${listens.address().port}`;
      const send = (change = (text: string) => text): void =>
        sends.send(change(options('a', 'UDP', via).toString().replace(';rport', '')), harness.port('UDP'), '127.0.0.1');
      return { ...harness, sends, listens, send };
    };

    it.each(['127.0.0.1', 'localhost', 'phone.invalid'])('is answered at the port in Via: %s', async (host) => {
      const { listens, next, send } = await phoneOfTwoPorts(host);
      send();
      const received = await next();
      // Later requests to the phone go there, too.
      expect(received.flow.remote).toEqual({ host: '127.0.0.1', port: listens.address().port });
      answer(received);
      const response = await datagram(listens);
      expect(response).toMatch(/^SIP\/2.0 200 OK\r\n/);
      expect(response).toContain(';received=127.0.0.1\r\n');
      expect(response).not.toContain('rport');
    });

    it('is rejected there if it is malformed', async () => {
      const { listens, send } = await phoneOfTwoPorts('127.0.0.1');
      send((text) => text.replace('CSeq: 1', 'CSeq: x'));
      expect(await datagram(listens)).toMatch(/^SIP\/2.0 400 /);
    });

    it('is answered at its source if Via has another address: there is a NAT', async () => {
      const { sends, next, send } = await phoneOfTwoPorts('192.168.1.5');
      send();
      answer(await next());
      expect(await datagram(sends)).toMatch(/^SIP\/2.0 200 OK\r\n/);
    });
  });

  it('sends requests over a new flow', async () => {
    const { transports } = await started();
    const peer = await udp();
    const flow = await transports.flowTo({ transport: 'UDP', host: 'localhost', port: peer.address().port });
    flow.send(ask('b'));
    expect(await datagram(peer)).toContain('Call-ID: b\r\n');
  });

  it('ignores keep-alives, and answers malformed requests, except ACK', async () => {
    const { next, port, waiting, transports } = await started();
    const peer = await udp();
    const send = (data: Buffer | string) => peer.send(data, port('UDP'), '127.0.0.1');
    for (const data of ['\r\n\r\n', '\r\n', '', '\0\0\0\0', 'hello', INVALID.bigcode]) send(data);
    send(INVALID.badvers.toString().replaceAll('OPTIONS', 'ACK'));
    send(INVALID.badvers);
    const response = await datagram(peer);
    expect(response).toMatch(
      /^SIP\/2.0 505 Version Not Supported\r\nVia: SIP\/7.0\/UDP c.example.com;branch=z9hG4bKkdjuw;received=127.0.0.1\r\n/,
    );
    expect(response).toMatch(/\r\nTo: T. Watson <sip:t.watson@example.org>;tag=[0-9a-f]{16}\r\n/);
    send(options('c'));
    expect((await next()).message.headers.get('call-id')).toBe('c');
    expect(waiting).toEqual([]);
    expect(transports.counts).toMatchObject({ messages: 1, malformed: 2, dropped: 2 });
  });

  it('limits the answers to malformed requests per second', async () => {
    const { next, port } = await started({ limits: { malformedPerSecond: 3 } });
    const peer = await udp();
    const answers: string[] = [];
    peer.on('message', (data) => answers.push(data.toString().slice(0, 11)));
    for (let i = 0; i < 20; i++) peer.send(INVALID.badvers, port('UDP'), '127.0.0.1');
    peer.send(options('a'), port('UDP'), '127.0.0.1');
    answer(await next());
    while (!answers.includes('SIP/2.0 200')) await once(peer, 'message');
    expect(answers).toEqual(['SIP/2.0 505', 'SIP/2.0 505', 'SIP/2.0 505', 'SIP/2.0 200']);
  });

  it('survives sending to a closed port', async () => {
    const { next, port, transports } = await started();
    const gone = createSocket('udp4').bind(0, '127.0.0.1');
    await once(gone, 'listening');
    const deadPort = gone.address().port;
    gone.close();
    const flow = await transports.flowTo({ transport: 'UDP', host: '127.0.0.1', port: deadPort });
    for (let i = 0; i < 5; i++) flow.send(ask('x'));
    const peer = await udp();
    peer.send(options('a'), port('UDP'), '127.0.0.1');
    expect((await next()).message.headers.get('call-id')).toBe('a');
  });

  it('reports send failures: too large for a datagram, closed', async () => {
    const { transports } = await start();
    const flow = await transports.flowTo({ transport: 'UDP', host: '127.0.0.1', port: 9 });
    expect(await failure((told) => flow.send({ ...ask('x'), body: Buffer.alloc(70_000) }, told))).toBeInstanceOf(
      FlowError,
    );
    await transports.close();
    expect(await failure((told) => flow.send(ask('x'), told))).toBeInstanceOf(FlowError);
  });
});

describe('TCP', () => {
  it('gets the port of UDP if both have port 0', async () => {
    const { port } = await started();
    expect(port('TCP')).toBe(port('UDP'));
    expect(port('TCP')).toBeGreaterThan(0);
  });

  it('closes all sockets if a port is in use', async () => {
    const { port: taken } = await listener((socket) => socket.destroy());
    await expect(
      start({ udp: { host: '127.0.0.1', port: 0 }, tcp: { host: '127.0.0.1', port: taken } }),
    ).rejects.toThrow('EADDRINUSE');
  });

  it('reads partial and concatenated messages, and answers each', async () => {
    const { next, port } = await started();
    const peer = await tcp(port('TCP'));
    const data = Buffer.concat([options('a', 'TCP'), options('b', 'TCP'), options('c', 'TCP')]);
    peer.socket.setNoDelay(true);
    for (const cut of [
      [0, 10],
      [10, 300],
      [300, data.length - 3],
      [data.length - 3, data.length],
    ]) {
      peer.socket.write(data.subarray(...cut));
      await new Promise(setImmediate);
    }
    for (const callId of ['a', 'b', 'c']) {
      const received = await next();
      expect(received.message.headers.get('call-id')).toBe(callId);
      expect(received.flow).toMatchObject({ transport: 'TCP', reliable: true, local: { port: port('TCP') } });
      answer(received);
    }
    const text = await peer.until((seen) => seen.split('SIP/2.0 200 OK').length === 4);
    expect(text).toContain(`;received=127.0.0.1;rport=${peer.socket.localPort}\r\n`);
  });

  it('answers a ping with a pong', async () => {
    const { port } = await started();
    const peer = await tcp(port('TCP'));
    peer.socket.write('\r\n\r\n');
    expect(await peer.until((text) => text.length >= 2)).toBe('\r\n');
  });

  it('answers a malformed request and continues; closes if the framing is lost', async () => {
    const { next, port } = await started();
    const peer = await tcp(port('TCP'));
    peer.socket.write(INVALID.ltgtruri);
    peer.socket.write(options('a', 'TCP'));
    expect((await next()).message.headers.get('call-id')).toBe('a');
    peer.socket.write(INVALID.ncl);
    await peer.closed;
    expect((await peer.until(() => true)).match(/SIP\/2.0 400 [^\r]*/g)).toEqual([
      'SIP/2.0 400 Malformed Request-URI',
      'SIP/2.0 400 Malformed Content-Length',
    ]);
  });

  it('closes connections that are not SIP, or send nothing in time', async () => {
    const { port, transports } = await started({ limits: { firstMessageMs: 50 } });
    const web = await tcp(port('TCP'));
    web.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await web.closed;
    const slow = await tcp(port('TCP'));
    slow.socket.write('OPTIONS sip:a');
    await slow.closed;
    await allGone(transports);
  });

  it('closes an idle connection, but not one with close listeners', async () => {
    const { next, port } = await started({ limits: { idleMs: 500 } });
    const idle = await tcp(port('TCP'));
    const kept = await tcp(port('TCP'));
    kept.socket.write(options('kept', 'TCP'));
    const { flow } = await next();
    const closed = jest.fn();
    const remove = flow.onClose(closed);
    idle.socket.write(options('idle', 'TCP'));
    await next();
    await idle.closed;
    kept.socket.write(options('again', 'TCP'));
    expect((await next()).flow).toBe(flow);
    remove();
    await kept.closed;
    expect(flow.open).toBe(false);
    expect(closed).not.toHaveBeenCalled();
  });

  it('reports once that a connection has closed, also by a reset, and fails later sends', async () => {
    const { next, port, transports } = await started();
    const peer = await tcp(port('TCP'));
    peer.socket.write(options('a', 'TCP'));
    const { flow } = await next();
    const closed = jest.fn();
    const gone = new Promise<void>((resolve) => flow.onClose(resolve));
    flow.onClose(closed);
    peer.socket.resetAndDestroy();
    await gone;
    expect(closed).toHaveBeenCalledTimes(1);
    expect(flow.open).toBe(false);
    expect(await failure((told) => flow.send(ask('x'), told))).toBeInstanceOf(FlowError);
    expect(transports.counts.connections).toBe(0);
  });

  it('closes the connection of a peer that does not read', async () => {
    const { next, port } = await started({ limits: { writeBuffer: 100_000 } });
    const peer = await tcp(port('TCP'));
    peer.socket.write(options('a', 'TCP'));
    const { flow } = await next();
    peer.socket.pause();
    const large = { ...ask('x'), body: Buffer.alloc(60_000) };
    const error = await failure((told) => {
      for (let i = 0; i < 200 && flow.open; i++) flow.send(large, told);
    });
    expect(error).toBeInstanceOf(FlowError);
    expect(flow.open).toBe(false);
  });

  it('limits connections per address, and accepts one again after one has closed', async () => {
    const { next, port } = await started({ limits: { connectionsPerAddress: 2 } });
    const [first, second] = [await tcp(port('TCP')), await tcp(port('TCP'))];
    first.socket.write(options('a', 'TCP'));
    second.socket.write(options('b', 'TCP'));
    const [{ flow }] = [await next(), await next()];
    const third = await tcp(port('TCP'));
    await third.closed;
    const gone = new Promise<void>((resolve) => flow.onClose(resolve));
    first.socket.destroy();
    second.socket.destroy();
    await gone;
    await Promise.all([first.closed, second.closed]);
    const fourth = await tcp(port('TCP'));
    fourth.socket.write(options('c', 'TCP'));
    expect((await next()).message.headers.get('call-id')).toBe('c');
  });

  it('connects to a peer once for concurrent requests, and reuses the connection in both directions', async () => {
    const { transports, next } = await started();
    const accepted: Socket[] = [];
    const { port } = await listener((socket) => {
      accepted.push(socket.on('error', () => undefined));
      socket.write(options('from-peer', 'TCP'));
    });
    const target = { transport: 'TCP' as const, host: '127.0.0.1', port };
    const [one, two] = await Promise.all([transports.flowTo(target), transports.flowTo(target)]);
    expect(two).toBe(one);
    expect(await transports.flowTo(target)).toBe(one);
    expect((await next()).flow).toBe(one);
    const [socket] = accepted;
    if (!socket) throw new Error('not connected');
    const peer = peerOf(socket);
    one.send(ask('to-peer'));
    expect(await peer.until((text) => text.endsWith('\r\n\r\n'))).toContain('Call-ID: to-peer');
    expect(accepted).toHaveLength(1);
  });

  it('finds the connection that a phone has opened', async () => {
    const { transports, next, port } = await started();
    const peer = await tcp(port('TCP'));
    peer.socket.write(options('a', 'TCP'));
    const { flow } = await next();
    expect(await transports.flowTo({ transport: 'TCP', ...flow.remote })).toBe(flow);
  });

  it('reports a failed connection in time', async () => {
    const { transports } = await started();
    const { server, port } = await listener(() => undefined);
    server.close();
    await once(server, 'close');
    await expect(transports.flowTo({ transport: 'TCP', host: '127.0.0.1', port })).rejects.toBeInstanceOf(FlowError);
    await allGone(transports);
  });

  it.each([
    { transport: 'TLS' as const, host: '127.0.0.1', port: 5061 },
    { transport: 'WS' as const, host: '127.0.0.1', port: 80 },
    { transport: 'TCP' as const, host: '127.0.0.1', port: 0 },
    { transport: 'UDP' as const, host: '127.0.0.1', port: 70_000 },
    { transport: 'UDP' as const, host: 'not a host', port: 5060 },
  ])('has no flow to $transport $host $port', async (target) => {
    const { transports } = await started();
    await expect(transports.flowTo(target)).rejects.toBeInstanceOf(FlowError);
  });
});

describe('TLS', () => {
  const identity = { host: '127.0.0.1', port: 0, key: TEST_KEY, cert: TEST_CERT };

  it('carries messages in both directions, and counts a connection until it closes', async () => {
    const { next, port, transports } = await started({ tls: identity });
    const socket = connectTls({ host: '127.0.0.1', port: port('TLS'), ca: TEST_CERT });
    ends.push(() => socket.destroy());
    const peer = peerOf(socket);
    await once(socket, 'secureConnect');
    socket.write(options('a', 'TLS'));
    const received = await next();
    expect(received.flow).toMatchObject({ transport: 'TLS', reliable: true, local: { port: port('TLS') } });
    answer(received);
    await peer.until((text) => text.includes('SIP/2.0 200 OK'));
    expect(transports.counts.connections).toBe(1);
    const gone = new Promise<void>((resolve) => received.flow.onClose(resolve));
    socket.end();
    await gone;
    await allGone(transports);
  });

  it('connects only to peers with a trusted certificate', async () => {
    const callee = await started({ tls: identity });
    const target = { transport: 'TLS' as const, host: '127.0.0.1', port: callee.port('TLS') };
    const trusting = await started({ tls: { ...identity, ca: TEST_CERT } });
    (await trusting.transports.flowTo(target)).send(ask('trusted'));
    expect((await callee.next()).message.headers.get('call-id')).toBe('trusted');
    const byName = await started({ tls: { ...identity, ca: TEST_CERT } });
    await expect(byName.transports.flowTo({ ...target, host: 'localhost' })).resolves.toMatchObject({ open: true });
    const wary = await started({ tls: identity });
    await expect(wary.transports.flowTo(target)).rejects.toBeInstanceOf(FlowError);
  });

  it('survives data that is not TLS', async () => {
    const { next, port } = await started({ tls: identity });
    const plain = await tcp(port('TLS'));
    plain.socket.write(options('a', 'TLS'));
    await plain.closed;
    const socket = connectTls({ host: '127.0.0.1', port: port('TLS'), ca: TEST_CERT });
    ends.push(() => socket.destroy());
    await once(socket, 'secureConnect');
    socket.write(options('b', 'TLS'));
    expect((await next()).message.headers.get('call-id')).toBe('b');
  });
});

it('continues if its user throws', async () => {
  const seen: string[] = [];
  const { port } = await started({
    user: {
      message(message) {
        seen.push(message.headers.get('call-id') ?? '');
        throw new Error('of the user');
      },
    },
  });
  const peer = await tcp(port('TCP'));
  peer.socket.write(options('a', 'TCP'));
  peer.socket.write(options('b', 'TCP'));
  peer.socket.write('\r\n\r\n');
  await peer.until((text) => text.length > 0);
  expect(seen).toEqual(['a', 'b']);
});

it('closes a connection that fails to open, and accepts the next one', async () => {
  const { log, line } = recordingLog();
  let broken = true;
  const breakable = (whole: Logger): Logger => ({
    ...whole,
    child(bindings) {
      if (broken && 'flow' in bindings) throw new Error('the log is broken');
      return breakable(whole.child(bindings));
    },
  });
  const { port, next } = await started({ log: breakable(log) });
  await (
    await tcp(port('TCP'))
  ).closed;
  expect(await line(({ event }) => event === 'internal-error')).toMatchObject({ where: 'sip connection' });
  broken = false;
  (await tcp(port('TCP'))).socket.write(options('a', 'TCP'));
  expect((await next()).message.headers.get('call-id')).toBe('a');
});

it('continues if a failure callback throws', async () => {
  const { log, lines, line } = recordingLog();
  const { transports, next, port } = await started({ log });
  const boom = (): never => {
    throw new Error('the listener is broken');
  };
  const datagrams = await transports.flowTo({ transport: 'UDP', host: '127.0.0.1', port: 9 });
  datagrams.send({ ...ask('x'), body: Buffer.alloc(70_000) }, boom);
  expect(await line(({ event }) => event === 'internal-error')).toMatchObject({ where: 'sip send' });
  const peer = await tcp(port('TCP'));
  peer.socket.write(options('a', 'TCP'));
  const { flow } = await next();
  peer.socket.destroy();
  await allGone(transports);
  flow.send(ask('x'), boom);
  await new Promise(setImmediate);
  expect(lines.filter(({ event }) => event === 'internal-error')).toHaveLength(2);
});

it('knows its own addresses', async () => {
  const { transports } = await started({ publicAddress: '203.0.113.7' });
  expect(['127.0.0.1', 'localhost', '203.0.113.7', 'example.com'].map((host) => transports.isOwn(host))).toEqual([
    true,
    true,
    true,
    false,
  ]);
});
