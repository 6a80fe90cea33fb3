/** ctrl_tcp of one baresip: commands and their replies, and its events. */
import { createConnection, type Socket } from 'node:net';
import { z } from 'zod';
import type { Child } from './child';
import { createNetstringReader, netstring } from './netstring';
import { EventQueue, eventually } from './waiting';

const START_MS = 30_000;
const REPLY_MS = 20_000;

const message = z.union([
  z.object({ response: z.literal(true), ok: z.boolean(), data: z.string(), token: z.string().optional() }),
  z.object({
    event: z.literal(true),
    type: z.string(),
    class: z.string().optional(),
    /** Depends on the type: why a call was closed, the digit, … */
    param: z.string().optional(),
    peeruri: z.string().optional(),
    id: z.string().optional(),
  }),
]);

export interface PhoneEvent {
  /** REGISTER_OK, REGISTER_FAIL, UNREGISTERING, CALL_INCOMING, CALL_RINGING, CALL_PROGRESS, CALL_ESTABLISHED, CALL_CLOSED, CALL_DTMF_START, … */
  type: string;
  /** Why a call was closed or a registration failed, which digit it was. */
  param?: string | undefined;
  peeruri?: string | undefined;
  /** Call-ID. */
  id?: string | undefined;
}

export interface BaresipControl {
  readonly events: EventQueue<PhoneEvent>;
  /** @returns what baresip says; @throws where it refuses the command, or is gone */
  command: (name: string, params?: string) => Promise<string>;
  close(): void;
}

export async function connectControl(name: string, port: number, child: Child): Promise<BaresipControl> {
  const said = (): string => `it said:\n${child.output().slice(-4_000)}`;
  const gone = (): Error => new Error(`baresip ${name} has ended (${child.exit() ?? 'connection closed'}); ${said()}`);
  const socket = await eventually(`baresip ${name} to listen`, () => connect(port, child, gone), START_MS);

  const events = new EventQueue<PhoneEvent>(name, said);
  const waiting = new Map<string, { resolve: (data: string) => void; reject: (error: Error) => void }>();
  const fail = (error: Error): void => {
    events.break(error);
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const read = createNetstringReader();
  socket.on('data', (chunk) => {
    for (const text of read(chunk)) {
      const parsed = message.safeParse(JSON.parse(text));
      if (!parsed.success) continue; // an event of a kind that nobody asks for
      if ('event' in parsed.data) events.push(parsed.data);
      else settle(parsed.data);
    }
  });
  socket.on('error', () => undefined); // 'close' follows
  socket.on('close', () => fail(gone()));
  void child.gone.then(() => fail(gone()));

  const settle = ({ ok, data, token = '' }: { ok: boolean; data: string; token?: string | undefined }): void => {
    const one = waiting.get(token);
    waiting.delete(token);
    if (ok) one?.resolve(data);
    else one?.reject(new Error(`baresip ${name} refused ${token}: ${data.trim()}; ${said()}`));
  };

  let sent = 0;
  return {
    events,
    command(command, params = '') {
      if (child.exit() !== undefined || socket.destroyed) return Promise.reject(gone());
      const token = `${command}-${++sent}`;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(token);
          reject(new Error(`baresip ${name} did not reply to ${command} within ${REPLY_MS} ms; ${said()}`));
        }, REPLY_MS);
        waiting.set(token, {
          resolve: (data) => (clearTimeout(timer), resolve(data)),
          reject: (error) => (clearTimeout(timer), reject(error)),
        });
        socket.write(netstring(JSON.stringify({ command, params, token })));
      });
    },
    close: () => socket.destroy(),
  };
}

function connect(port: number, child: Child, gone: () => Error): Promise<Socket | undefined> {
  if (child.exit() !== undefined) return Promise.reject(gone());
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' }, () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}
