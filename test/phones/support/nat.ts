/**
 * A NAT between one phone and the server, for SIP over UDP and RTP. The phone believes to be at an address of its own network,
 * and says so in Via, Contact and SDP; the server sees packets from other ports, and reaches nothing at what the phone says.
 * The phone listens on 127.0.0.1 in truth, so its network is made up: addresses are exchanged in what passes.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/**
 * What the phone calls itself, ports too, as it may listen on every address of this machine. Nobody listens there, and nothing
 * that is sent there leaves this machine.
 */
const INSIDE_HOST = '127.9.9.9';
const INSIDE_PORT = 1;
export const INSIDE = `${INSIDE_HOST}:${INSIDE_PORT}`;
const HERE = '127.0.0.1';

export interface Nat {
  /** `127.0.0.1:port`: the server as the phone sees it */
  readonly server: string;
  /** Port from which the phone's SIP now reaches the server; undefined before the first packet. */
  readonly sipPort: number | undefined;
  /** As routers do after a while, or when they restart: whatever the phone sends next comes from other ports, the old ones are dead. */
  forget(): Promise<void>;
  close(): Promise<void>;
}

interface Peer {
  host: string;
  port: number;
}

/** One way through: packets of the phone to `inner` leave from `outer`, and answers come back. */
interface Passage {
  readonly innerPort: number;
  outerPort(): number | undefined;
  forget(): Promise<void>;
  close(): Promise<void>;
}

export async function startNat(server: Peer): Promise<Nat> {
  const sound = new Map<number, Passage>();

  /** The server's RTP port, as the phone is told of it. */
  const soundPort = async (port: number): Promise<number> => {
    const passage = sound.get(port) ?? (await open({ host: server.host, port }, same, same));
    sound.set(port, passage);
    return passage.innerPort;
  };
  const up = (packet: Buffer, phone: Peer): Buffer => {
    const [head, body] = parts(packet);
    const lines = head
      .replaceAll(`${HERE}:${sip.innerPort}`, `${server.host}:${server.port}`)
      .replaceAll(`${HERE}:${phone.port}`, INSIDE);
    return joined(lines, body.replaceAll(HERE, INSIDE_HOST).replace(/^m=audio [1-9]\d*/m, `m=audio ${INSIDE_PORT}`));
  };
  const down = async (packet: Buffer, phone: Peer): Promise<Buffer> => {
    const [head, body] = parts(packet);
    const lines = head
      .replaceAll(`${server.host}:${server.port}`, `${HERE}:${sip.innerPort}`)
      .replaceAll(INSIDE, `${HERE}:${phone.port}`);
    const port = Number(/^m=audio (\d+)/m.exec(body)?.[1] ?? 0);
    return joined(lines, port === 0 ? body : body.replace(`m=audio ${port}`, `m=audio ${await soundPort(port)}`));
  };
  const sip: Passage = await open(server, up, down);
  const all = (): Passage[] => [sip, ...sound.values()];

  return {
    server: `${HERE}:${sip.innerPort}`,
    get sipPort() {
      return sip.outerPort();
    },
    forget: async () => void (await Promise.all(all().map((passage) => passage.forget()))),
    close: async () => void (await Promise.all(all().map((passage) => passage.close()))),
  };
}

type Change = (packet: Buffer, phone: Peer) => Buffer | Promise<Buffer>;
const same: Change = (packet) => packet;

async function open(server: Peer, up: Change, down: Change): Promise<Passage> {
  const inner = await bound();
  let outer: Promise<Socket> | undefined;
  let outerPort: number | undefined;

  const send = (socket: Socket, packet: Buffer, { host, port }: Peer): void => {
    socket.send(packet, port, host, () => undefined); // closed in the meantime: lost, as packets are
  };
  const wayOut = async (phone: Peer): Promise<Socket> => {
    const socket = await bound();
    outerPort = socket.address().port;
    socket.on('message', (packet) => {
      void Promise.resolve(down(packet, phone)).then((changed) => send(inner, changed, phone));
    });
    return socket;
  };
  inner.on('message', (packet, { address: host, port }) => {
    const phone = { host, port };
    void (async () => send(await (outer ??= wayOut(phone)), await up(packet, phone), server))();
  });
  const forget = async (): Promise<void> => {
    const old = outer;
    outer = outerPort = undefined;
    if (old) await closed(await old);
  };
  return {
    innerPort: inner.address().port,
    outerPort: () => outerPort,
    forget,
    async close() {
      await closed(inner);
      await forget();
    },
  };
}

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('error', () => undefined);
  socket.bind(0, HERE);
  await once(socket, 'listening');
  return socket;
}

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.close(() => resolve()));

/** Head with its empty line, and body. What is no message, as keep-alives, has no body. */
function parts(packet: Buffer): [head: string, body: string] {
  const text = packet.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  return end < 0 ? [text, ''] : [text.slice(0, end + 4), text.slice(end + 4)];
}

function joined(head: string, body: string): Buffer {
  return Buffer.from(
    head.replace(/^(Content-Length|l)[ \t]*:.*$/im, `Content-Length: ${body.length}`) + body,
    'latin1',
  );
}
