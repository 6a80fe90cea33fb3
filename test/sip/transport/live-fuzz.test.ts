/** Mutated messages over live sockets: the server keeps running and answering, without leaks. */
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createInternalErrors, type InternalErrors } from '../../../src/support/internal-errors';
import { createLogger } from '../../../src/support/logger';
import { responseTo } from '../../../src/sip/respond';
import { randomFrom } from '../../helpers/random-from';
import { mutate } from '../message/mutations';
import { datagramPeer, options, start, streamPeer, type Harness } from './harness';

const ROUNDS = process.env['CI'] ? 100_000 : 4_000;
/** Datagrams sent before waiting for the server, so that none is lost in the kernel. */
const BATCH = 20;
const MAX_DATAGRAM = 4_000;
/** Limit of the memory growth; bytes. Independent of the amount of sent data. */
const MEMORY = 60_000_000;

let harness: Harness;
let internalErrors: InternalErrors;
beforeEach(async () => {
  internalErrors = createInternalErrors(createLogger({ level: 'silent', pretty: false }));
  harness = await start({
    internalErrors,
    user: {
      message(message, flow) {
        if (message.kind === 'request' && message.method === 'OPTIONS') flow.send(responseTo(message, 200));
      },
    },
  });
});
afterEach(async () => {
  await harness.transports.close();
  expect(internalErrors.total).toBe(0);
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Used memory after garbage collection; bytes. */
const memory = (): number => {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** Retransmits without a response, as a phone does. */
function askUntilAnswered(peer: Socket, port: number, callId: string): Promise<void> {
  return new Promise((resolve) => {
    const ask = (): void => peer.send(options(callId), port, '127.0.0.1');
    const again = setInterval(ask, 500);
    const look = (data: Buffer): void => {
      if (!data.includes(`Call-ID: ${callId}\r\n`)) return;
      clearInterval(again);
      peer.off('message', look);
      resolve();
    };
    peer.on('message', look);
    ask();
  });
}

it(`survives ${ROUNDS} mutated datagrams`, async () => {
  const random = randomFrom(3261);
  const peer = await datagramPeer();
  const port = harness.port('UDP');
  const before = memory();
  for (let round = 0; round < ROUNDS; round += BATCH) {
    for (let i = 0; i < BATCH; i++) peer.send(mutate(random).subarray(0, MAX_DATAGRAM), port, '127.0.0.1');
    await askUntilAnswered(peer, port, `fuzz-${round}`);
  }
  await askUntilAnswered(peer, port, 'after');
  peer.close();
  expect(memory() - before).toBeLessThan(MEMORY);
  const { messages, malformed, dropped } = harness.transports.counts;
  expect(messages + malformed + dropped).toBeGreaterThan(ROUNDS * 0.9);
}, 240_000);

it(`survives ${ROUNDS} mutated messages over TCP`, async () => {
  const random = randomFrom(7118);
  const port = harness.port('TCP');
  const before = memory();
  let sent = 0;
  while (sent < ROUNDS) {
    // Send until the server closes the connection because of invalid data, then open another one.
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.resume();
    const closed = once(socket, 'close').catch(() => undefined);
    await once(socket, 'connect');
    for (let i = 0; i < BATCH && !socket.destroyed; i++, sent++) {
      socket.write(mutate(random));
      if (random() < 0.3) await new Promise(setImmediate);
    }
    socket.destroySoon();
    await closed;
  }
  const peer = await streamPeer(port);
  peer.socket.write(options('after', 'TCP'));
  expect(await peer.until((text) => text.includes('\r\n\r\n'))).toContain('Call-ID: after');
  peer.socket.destroy();
  expect(memory() - before).toBeLessThan(MEMORY);
  while (harness.transports.counts.connections > 0) await new Promise(setImmediate);
}, 240_000);
