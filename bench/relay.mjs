/**
 * Bridged calls through the media core, and the same packets through the least that can forward them: a process each,
 * on one core each, with 50 packets a second each way. `node bench/relay.mjs [--calls 100,200] [--seconds 8] [--smoke]`
 */
import { fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { quantile, table } from './measure.mjs';

const HOST = '127.0.0.1';
const { values: flags } = parseArgs({
  options: {
    role: { type: 'string' },
    calls: { type: 'string' },
    seconds: { type: 'string' },
    smoke: { type: 'boolean', default: false },
  },
});

const roles = { phones, media: () => forwarder(openMediaCalls), floor: () => forwarder(openFloorCalls) };
if (flags.role) roles[flags.role]();
else await main();

async function main() {
  const seconds = Number(flags.seconds ?? (flags.smoke ? 2 : 8));
  const sizes = (flags.calls ?? (flags.smoke ? '20' : '100,200')).split(',').map(Number);
  const rows = [['', 'CPU % of a core', 'delay p50 ms', 'p99 ms', 'sent', 'lost']];
  for (const calls of sizes) {
    const cpu = {};
    for (const name of ['floor', 'media']) {
      const { result, cpuPercent } = await run(name, calls, seconds);
      cpu[name] = cpuPercent;
      const { p50, p99, sent, lost } = result;
      const cells = [cpuPercent.toFixed(1), p50.toFixed(2), p99.toFixed(2), String(sent), String(lost)];
      rows.push([`${calls} calls, ${name}`, ...cells]);
    }
    rows.push([`${calls} calls, media : floor`, (cpu.media / cpu.floor).toFixed(2), '', '', '', '']);
  }
  console.log(table(rows));
}

async function run(name, calls, seconds) {
  const server = start(name);
  const phoneBank = start('phones');
  const [{ ports: phonePorts }] = await once(phoneBank, 'message');
  const ports = await ask(server, { open: calls, phonePorts });
  phoneBank.send({ ports, seconds });
  await once(phoneBank, 'message'); // warm
  await ask(server, { cpu: 'begin' });
  const [result] = await once(phoneBank, 'message');
  const cpuPercent = await ask(server, { cpu: 'end' });
  for (const child of [server, phoneBank]) {
    child.disconnect();
    await once(child, 'exit');
  }
  return { result, cpuPercent };
}

function start(role) {
  return fork(fileURLToPath(import.meta.url), ['--role', role]);
}

async function ask(child, question) {
  child.send(question);
  const [answer] = await once(child, 'message');
  return answer;
}

/** Opens calls, two ports each, and counts its own CPU time. */
function forwarder(open) {
  let before;
  let close;
  process.on('message', async (question) => {
    if (question.open) {
      const { ports, closeCalls } = await open(question.open, question.phonePorts);
      close = closeCalls;
      process.send(ports);
    } else if (question.cpu === 'begin') {
      before = { cpu: process.cpuUsage(), at: performance.now() };
      process.send('begun');
    } else {
      const { user, system } = process.cpuUsage(before.cpu);
      process.send((user + system) / 10 / (performance.now() - before.at));
    }
  });
  process.on('disconnect', () => close());
}

async function openMediaCalls(calls, phonePorts) {
  const require = createRequire(import.meta.url);
  const { startMedia } = require('../dist/media/index.js');
  const { createClock } = require('../dist/media/clock.js');
  const { createLogger } = require('../dist/support/logger.js');
  const clock = createClock();
  const log = createLogger({ level: 'silent', pretty: false });
  const media = startMedia({ host: HOST, advertise: () => HOST, silenceSeconds: 60, clock, log });
  const listener = { dtmf: () => undefined, silent: () => undefined };
  const ports = [];
  for (let call = 0; call < calls; call += 1) {
    const [a, b] = await Promise.all([media.open(listener), media.open(listener)]);
    for (const leg of [a, b]) {
      const answer = leg.answer(sdp(phonePorts[ports.length % phonePorts.length]));
      ports.push(Number(/^m=audio (\d+)/m.exec(answer)[1]));
    }
    a.party.pipeTo(b.party.write);
    b.party.pipeTo(a.party.write);
  }
  const closeCalls = () => {
    clock.close();
    void media.close();
  };
  return { ports, closeCalls };
}

function sdp(port) {
  return `v=0\r\no=- 1 1 IN IP4 ${HOST}\r\ns=-\r\nc=IN IP4 ${HOST}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\n`;
}

/** What no relay in Node can do without: receive and send. */
async function openFloorCalls(calls, phonePorts) {
  const sockets = [];
  for (let i = 0; i < calls * 2; i += 1) sockets.push(await bound());
  sockets.forEach((socket, i) => {
    const peer = i % 2 === 0 ? i + 1 : i - 1;
    const port = phonePorts[peer % phonePorts.length];
    socket.on('message', (datagram) => sockets[peer].send(datagram, port, HOST));
  });
  const ports = sockets.map((socket) => socket.address().port);
  return { ports, closeCalls: () => sockets.forEach((socket) => socket.close()) };
}

async function bound() {
  const socket = createSocket('udp4');
  socket.bind(0, HOST);
  await once(socket, 'listening');
  return socket;
}

/** All the phones: few sockets, for a socket each would cost more than what is measured. */
async function phones() {
  const sockets = await Promise.all(Array.from({ length: 8 }, bound));
  const delays = [];
  let measuring = false;
  let received = 0;
  for (const socket of sockets) {
    socket.setRecvBufferSize(1 << 22);
    socket.on('message', (datagram) => {
      if (datagram.length !== 172 || datagram.readUInt8(20) !== 1) return; // silence, or of the warm-up
      received += 1;
      delays.push(performance.now() - datagram.readDoubleBE(12));
    });
  }
  process.on('message', ({ ports, seconds }) => {
    let sent = 0;
    const legs = ports.map((port, i) => {
      const packet = Buffer.alloc(172, 0xff);
      packet[0] = 0x80;
      packet[1] = 0;
      packet.writeUInt32BE(i + 1, 8);
      return { port, packet, sequence: 0, socket: sockets[i % sockets.length] };
    });
    const say = (leg) => {
      leg.sequence = (leg.sequence + 1) & 0xffff;
      const packet = Buffer.from(leg.packet);
      packet.writeUInt16BE(leg.sequence, 2);
      packet.writeUInt32BE(leg.sequence * 160, 4);
      packet.writeDoubleBE(performance.now(), 12);
      packet[20] = measuring ? 1 : 0;
      leg.socket.send(packet, leg.port, HOST);
      if (measuring) sent += 1;
    };
    // A leg has its own moment of the 20 ms, as phones have, to a millisecond.
    const start = performance.now();
    const warmMs = 1_000;
    let slot = 0;
    let stopped = false;
    const timer = setInterval(() => {
      const elapsed = performance.now() - start;
      for (; slot <= elapsed && !stopped; slot += 1) {
        if (slot === warmMs) {
          measuring = true;
          process.send('warm');
        }
        for (let i = slot % 20; i < legs.length; i += 20) say(legs[i]);
        stopped = slot >= warmMs + seconds * 1_000;
      }
      if (!stopped) return;
      clearInterval(timer);
      setTimeout(() => {
        process.send({ sent, lost: sent - received, p50: quantile(delays, 0.5), p99: quantile(delays, 0.99) });
      }, 500);
    }, 1);
  });
  process.on('disconnect', () => sockets.forEach((socket) => socket.close()));
  process.send({ ports: sockets.map((socket) => socket.address().port) });
}
