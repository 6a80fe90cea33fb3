/** Whether a client has read a reply: the server's side alone does not tell, since the kernel takes the bytes anyway. */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A client that drops a kept-alive connection so soon after a reply had stopped waiting for it. */
const UNREAD_WITHIN_MS = 500;

/**
 * @returns calls back where the client cannot know of the effect: the reply never left, was an error, or came when the
 * client had given up and dropped the connection. A connection that carries the next request proves that it was read.
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
