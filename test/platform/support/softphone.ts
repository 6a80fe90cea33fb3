/**
 * A small phone, written from the RFCs without code of the platform: text over UDP, digest, SDP,
 * RTP. The test controls it, and it records received messages.
 */
import { createHash, randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { WebSocket } from 'ws';
import { createInbox } from '../../helpers/inbox';
import { TEST_CERT } from '../../sip/transport/test-certificate';

export interface Message {
  /** The first line. */
  start: string;
  /** The status; 0 for a request. */
  status: number;
  /** The method of a request, or of CSeq. */
  method: string;
  /** By name in lower case; several values joined with a comma. */
  headers: Record<string, string>;
  body: string;
  raw: string;
}

export interface SoftphoneOptions {
  server: { host: string; port: number };
  user?: string;
  password?: string;
  domain?: string;
  /** Its address in Via, Contact and SDP, unreachable like one behind a NAT. Default: 127.0.0.1 */
  announced?: string;
  /** URL of SIP over WebSocket (RFC 7118), instead of UDP. */
  webSocket?: string;
  /** Uses TCP instead of UDP. */
  tcp?: boolean;
  /** Port of TLS, instead of UDP. The server has the test certificate. */
  tlsPort?: number | undefined;
  /** Shares the connection of another softphone. */
  channel?: Channel;
}

/** Whether an RTP packet of 20 ms of G.711 is more than silence or comfort noise. */
export const isSpeech = (packet: Buffer): boolean => packet.length === 172 && new Set(packet.subarray(12)).size > 4;

export type Softphone = Awaited<ReturnType<typeof softphone>>;

export async function softphone(options: SoftphoneOptions) {
  const { server, user = 'jsmith_mobile', password = 'abc123', domain = 'xyz-corp-testing.bwapp.bwsip.io' } = options;
  const { announced = '127.0.0.1', webSocket, tcp = false, tlsPort, channel } = options;
  const connect = (): Promise<Channel> => {
    if (webSocket !== undefined) return overWs(webSocket);
    if (tlsPort !== undefined) return overTls({ host: server.host, port: tlsPort });
    return tcp ? overTcp(server) : overUdp(server, announced);
  };
  const [sip, rtp] = [channel ?? (await connect()), await open()];
  const { received, next, push } = createInbox<Message>();
  const packets: Buffer[] = [];
  let rtpTo: { host: string; port: number } | undefined;
  let cseq = 0;
  let closed = false;
  /** Drops retransmissions, for which no test waits. */
  const seen = new Set<string>();

  sip.onMessage((text) => {
    const message = parse(text);
    const key = message.raw;
    if (message.status === 0 && seen.has(key)) return; // retransmitted
    seen.add(key);
    push(message);
  });
  rtp.on('message', (packet) => packets.push(packet));

  const { here } = sip;
  const contact = `<sip:${user}@${here}${sip.transport === 'UDP' ? '' : `;transport=${uriTransport(sip)}`}>`;
  const sdp = (direction = 'sendrecv', codecs = '0 101') =>
    lines(
      'v=0',
      `o=- 1 ${++cseq} IN IP4 ${announced}`,
      's=-',
      `c=IN IP4 ${announced}`,
      't=0 0',
      `m=audio ${rtp.address().port} RTP/AVP ${codecs}`,
      'a=rtpmap:101 telephone-event/8000',
      `a=${direction}`,
    );

  const sendRaw = (text: string): void => sip.send(text);
  const send = (start: string, headers: string[], body = '', type = 'application/sdp'): void => {
    const typed = body === '' ? [] : [`Content-Type: ${type}`];
    sendRaw([start, ...headers, ...typed, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'));
  };

  const request = (method: string): Promise<Message> => next((m) => m.status === 0 && m.method === method);
  const final = (method: string): Promise<Message> => next((m) => m.status >= 200 && m.method === method);

  const authorize = (challenge: Message, method: string, uri: string, secret = password): string => {
    const given = challenge.headers['www-authenticate'] ?? '';
    const of = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(given)?.[1] ?? '';
    const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
    const [realm, nonce, cnonce, nc] = [of('realm'), of('nonce'), randomBytes(4).toString('hex'), '00000001'];
    const [ha1, ha2] = [md5(`${user}:${realm}:${secret}`), md5(`${method}:${uri}`)];
    const response = md5(`${ha1}:${nonce}:${nc}:${cnonce}:auth:${ha2}`);
    return `Authorization: Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=MD5, qop=auth, nc=${nc}, cnonce="${cnonce}"`;
  };

  const via = (): string =>
    `Via: SIP/2.0/${sip.transport} ${here};branch=z9hG4bK${randomBytes(8).toString('hex')};rport`;

  /** Sends a request outside of a dialog. Repeats it with digest credentials after a challenge. */
  const ask = async (
    method: string,
    uri: string,
    {
      to = `<${uri}>`,
      headers = [],
      body = '',
      type,
      secret,
      from: shown = `<sip:${user}@${domain}>`,
    }: { from?: string; to?: string; headers?: string[]; body?: string; type?: string; secret?: string } = {},
  ) => {
    const callId = randomBytes(8).toString('hex');
    const from = `From: ${shown};tag=${randomBytes(4).toString('hex')}`;
    let authorization: string[] = [];
    for (;;) {
      const number = ++cseq;
      const branch = via();
      const own = [branch, 'Max-Forwards: 70', from, `To: ${to}`, `Call-ID: ${callId}`, `CSeq: ${number} ${method}`];
      const contacts = headers.some((header) => header.startsWith('Contact')) ? [] : [`Contact: ${contact}`];
      send(`${method} ${uri} SIP/2.0`, [...own, ...contacts, ...authorization, ...headers], body, type);
      const sent = { uri, callId, from, branch, cseq: number, method };
      const mine = (m: Message): boolean =>
        m.headers['cseq'] === `${number} ${method}` && m.headers['call-id'] === callId;
      const first = await next((m) => mine(m) && m.status !== 100);
      if (first.status !== 401 || authorization.length > 0) return { ...sent, first, mine };
      if (method === 'INVITE')
        send(`ACK ${uri} SIP/2.0`, [
          branch,
          from,
          `To: ${first.headers['to']}`,
          `Call-ID: ${callId}`,
          `CSeq: ${number} ACK`,
        ]);
      authorization = [authorize(first, method, uri, secret)];
    }
  };

  const phone = {
    contact,
    here,
    /** Resolves when the server has ended the connection; never for UDP. */
    disconnected: sip.disconnected,
    channel: sip,
    user,
    received,
    packets,
    sdp,
    send,
    sendRaw,
    next,
    request,
    final,
    ask,

    /** @returns the final status */
    async register({
      expires = 60,
      secret,
      contacts = [contact],
    }: { expires?: number; secret?: string; contacts?: string[] } = {}) {
      const { first } = await ask('REGISTER', `sip:${domain}`, {
        to: `<sip:${user}@${domain}>`,
        headers: [...contacts.map((value) => `Contact: ${value}`), `Expires: ${expires}`],
        ...(secret !== undefined && { secret }),
      });
      return first;
    },

    /** Answers a request. */
    respond(
      to: Message,
      status: number,
      {
        headers = [],
        body = '',
        tag = 'phone',
        contact: own = contact,
      }: { headers?: string[]; body?: string; tag?: string; contact?: string } = {},
    ) {
      const copied = to.raw.split('\r\n').filter((line) => /^(via|from|call-id|cseq):/i.test(line));
      const toHeader = to.headers['to'] ?? '';
      const tagged = status > 100 && !toHeader.includes('tag=') ? `${toHeader};tag=${tag}` : toHeader;
      send(
        `SIP/2.0 ${status} Whatever`,
        [...copied, `To: ${tagged}`, ...(own === '' ? [] : [`Contact: ${own}`]), ...headers],
        body,
      );
    },

    /** Answers a call: 180, 200, and waits for the ACK. */
    async answer(invite: Message, { ringing = true, headers = [] }: { ringing?: boolean; headers?: string[] } = {}) {
      if (ringing) phone.respond(invite, 180);
      phone.useSdp(invite.body);
      phone.respond(invite, 200, { body: sdp(), headers });
      const ack = await request('ACK');
      return phone.dialogOfInvite(invite, ack);
    },

    /** Dials. @returns the first response after 100, and functions to continue the call */
    async dial(number: string, more: { from?: string; headers?: string[]; body?: string; type?: string } = {}) {
      const uri = number.includes(':') ? number : `sip:${number}@${domain}`;
      const invite = await ask('INVITE', uri, { body: sdp(), ...more });
      return {
        ...invite,
        /** Returns the next response. */
        response: () => next((m) => invite.mine(m) && m.status > 100),
        cancel() {
          const { branch, from, callId, cseq: number } = invite;
          send(`CANCEL ${uri} SIP/2.0`, [branch, from, `To: <${uri}>`, `Call-ID: ${callId}`, `CSeq: ${number} CANCEL`]);
        },
        ack(response: Message) {
          const { from, callId, cseq: number } = invite;
          if (response.status < 300) phone.useSdp(response.body);
          const branch = response.status < 300 ? via() : invite.branch;
          const target = /<([^>]+)>/.exec(response.headers['contact'] ?? '')?.[1] ?? uri;
          send(`ACK ${response.status < 300 ? target : uri} SIP/2.0`, [
            branch,
            from,
            `To: ${response.headers['to']}`,
            `Call-ID: ${callId}`,
            `CSeq: ${number} ACK`,
          ]);
          return dialog(target, from, `To: ${response.headers['to']}`, callId);
        },
      };
    },

    dialogOfInvite(invite: Message, ack: Message) {
      const target = /<([^>]+)>/.exec(invite.headers['contact'] ?? '')?.[1] ?? '';
      return dialog(
        target,
        `From: ${ack.headers['to']}`,
        `To: ${invite.headers['from']}`,
        invite.headers['call-id'] ?? '',
      );
    },

    useSdp(body: string) {
      const host = /^c=IN IP4 (\S+)/m.exec(body)?.[1];
      const port = /^m=audio (\d+)/m.exec(body)?.[1];
      if (host !== undefined && port !== undefined) rtpTo = { host, port: Number(port) };
    },

    /** Sends an RTP packet. */
    sendRtp(payload: Buffer, { type = 0, sequence = 0, timestamp = 0, marker = false, ssrc = 0x1234 } = {}) {
      const packet = Buffer.alloc(12 + payload.length);
      packet.writeUInt8(0x80, 0);
      packet.writeUInt8(type | (marker ? 0x80 : 0), 1);
      packet.writeUInt16BE(sequence & 0xffff, 2);
      packet.writeUInt32BE(timestamp >>> 0, 4);
      packet.writeUInt32BE(ssrc, 8);
      payload.copy(packet, 12);
      if (rtpTo) rtp.send(packet, rtpTo.port, rtpTo.host);
    },

    /** Resolves when a matching RTP packet arrives. */
    async heard(matches: (packet: Buffer) => boolean): Promise<Buffer> {
      for (;;) {
        const found = packets.find(matches);
        if (found) return found;
        await new Promise((resolve) => rtp.once('message', resolve));
      }
    },

    /** Idempotent. */
    close() {
      if (closed) return;
      closed = true;
      sip.close();
      rtp.close();
    },
  };

  function dialog(target: string, from: string, to: string, callId: string) {
    return {
      /** @returns the final response */
      async request(
        method: string,
        {
          headers = [],
          body = '',
          type,
          answer = '',
        }: {
          headers?: string[];
          body?: string;
          type?: string;
          /** SDP in the ACK, for an INVITE without SDP. */
          answer?: string;
        } = {},
      ) {
        const number = ++cseq;
        const own = [
          via(),
          'Max-Forwards: 70',
          from,
          to,
          `Call-ID: ${callId}`,
          `CSeq: ${number} ${method}`,
          `Contact: ${contact}`,
        ];
        send(`${method} ${target} SIP/2.0`, [...own, ...headers], body, type);
        const response = await next((m) => m.headers['cseq'] === `${number} ${method}` && m.status >= 200);
        if (method === 'INVITE')
          send(`ACK ${target} SIP/2.0`, [via(), from, to, `Call-ID: ${callId}`, `CSeq: ${number} ACK`], answer);
        return response;
      },
    };
  }

  return phone;
}

/** RFC 7118 5.2: `ws` for both kinds of WebSocket. */
function uriTransport({ transport }: Channel): string {
  return transport === 'WSS' ? 'ws' : transport.toLowerCase();
}

/** The transport of its SIP messages. */
interface Channel {
  transport: 'UDP' | 'TCP' | 'TLS' | 'WS' | 'WSS';
  disconnected: Promise<unknown>;
  /** `sent-by` of Via, and host of the contact. */
  here: string;
  send(text: string): void;
  onMessage(listener: (text: string) => void): void;
  close(): void;
}

async function overUdp(server: { host: string; port: number }, announced: string): Promise<Channel> {
  const socket = await open();
  return {
    transport: 'UDP',
    disconnected: new Promise(() => undefined),
    here: `${announced}:${socket.address().port}`,
    send: (text) => socket.send(text, server.port, server.host),
    onMessage: (listener) => void socket.on('message', (data) => listener(data.toString())),
    close: () => void socket.close(),
  };
}

async function overTcp({ host, port }: { host: string; port: number }): Promise<Channel> {
  const socket = net.connect(port, host);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return overStream(socket, 'TCP');
}

async function overTls({ host, port }: { host: string; port: number }): Promise<Channel> {
  const socket = tls.connect({ host, port, ca: TEST_CERT });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return overStream(socket, 'TLS');
}

function overStream(socket: net.Socket, transport: 'TCP' | 'TLS'): Channel {
  return {
    transport,
    disconnected: new Promise((resolve) => socket.once('close', resolve)),
    here: `127.0.0.1:${socket.localPort}`,
    send: (text) => void socket.write(text),
    onMessage(listener) {
      let data = '';
      socket.on('data', (chunk) => {
        data += chunk.toString('latin1');
        for (;;) {
          const end = data.indexOf('\r\n\r\n') + 4;
          const length = end < 4 ? NaN : end + Number(/^content-length: *(\d+)/im.exec(data.slice(0, end))?.[1] ?? 0);
          if (!(data.length >= length)) return;
          listener(data.slice(0, length));
          data = data.slice(length);
        }
      });
    },
    close: () => void socket.destroy(),
  };
}

async function overWs(url: string): Promise<Channel> {
  const socket = new WebSocket(url, 'sip', { ca: TEST_CERT });
  socket.on('error', () => undefined);
  await once(socket, 'open');
  return {
    transport: url.startsWith('wss:') ? 'WSS' : 'WS',
    disconnected: new Promise((resolve) => socket.once('close', resolve)),
    here: `${randomBytes(6).toString('hex')}.invalid`, // as browsers do, which do not know their address
    send: (text) => socket.send(text),
    onMessage: (listener) => void socket.on('message', (data: Buffer) => listener(data.toString())),
    close: () => socket.terminate(),
  };
}

function open(): Promise<dgram.Socket> {
  const socket = dgram.createSocket('udp4');
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(socket)));
}

function lines(...all: string[]): string {
  return `${all.join('\r\n')}\r\n`;
}

function parse(raw: string): Message {
  const [head = '', ...rest] = raw.split('\r\n\r\n');
  const [start = '', ...fields] = head.split('\r\n');
  const headers: Record<string, string> = {};
  for (const field of fields) {
    const colon = field.indexOf(':');
    const name = field.slice(0, colon).trim().toLowerCase();
    const value = field.slice(colon + 1).trim();
    headers[name] = name in headers ? `${headers[name]},${value}` : value;
  }
  const status = /^SIP\/2\.0 (\d{3})/.exec(start)?.[1];
  const method = status === undefined ? (start.split(' ')[0] ?? '') : (headers['cseq']?.split(' ')[1] ?? '');
  return { start, status: Number(status ?? 0), method, headers, body: rest.join('\r\n\r\n'), raw };
}
