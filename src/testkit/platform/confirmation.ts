/** Detects whether a client has read a reply. A successful write does not show it, as the kernel buffers the bytes. */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A client that closes a kept-alive connection this soon after a reply had stopped waiting for it, ms. */
const UNREAD_WITHIN_MS = 500;

/**
 * @returns a function that calls back if the client cannot know of the effect: the reply was not sent, was an error, or
 * came after the client had closed the connection. The next request on the connection proves that the reply was read.
 */
export function confirmReads(server: Server): (res: ServerResponse, onUnread: () => void) => void {
  const last = new WeakMap<Socket, { at: number; onUnread: () => void }>();
  server.prependListener('request', (req) => last.delete(req.socket));
  server.on('connection', (socket: Socket) => {
    socket.once('close', () => {
      const reply = last.get(socket);
      if (reply && Date.now() - reply.at < UNREAD_WITHIN_MS) reply.onUnread();
    });
  });
  return (res, onUnread) => {
    const { socket, req } = res;
    res.once('close', () => {
      if (!res.writableFinished || res.statusCode >= 500 || !socket || socket.destroyed) onUnread();
      else if (req.headers.connection !== 'close') last.set(socket, { at: Date.now(), onUnread });
    });
  };
}
