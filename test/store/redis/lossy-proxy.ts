/** Stands between a store and Redis, and loses what the test wants lost. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface LossyProxy {
  readonly url: string;
  /** Breaks the connection when the reply to the next request that contains this text has come: it took place. */
  loseReplyTo(text: string): Promise<void>;
  /** While it is shut, nobody gets through, and nobody is told. */
  shut(): void;
  open(): void;
  close(): Promise<void>;
}

export async function startLossyProxy(redisPort: number): Promise<LossyProxy> {
  const pairs = new Set<Socket>();
  let isShut = false;
  let losing: { text: string; lost: () => void } | undefined;

  const server = createServer((near) => {
    if (isShut) {
      near.destroy();
      return;
    }
    const far = connect(redisPort, '127.0.0.1');
    let lost: (() => void) | undefined;
    const drop = () => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      pairs.add(socket);
      socket.on('error', drop);
      socket.on('close', () => {
        pairs.delete(socket);
        drop();
      });
    }
    near.on('data', (data) => {
      if (losing && data.includes(losing.text)) {
        lost = losing.lost;
        losing = undefined;
      }
      far.write(data);
    });
    far.on('data', (data) => {
      if (!lost) {
        near.write(data);
        return;
      }
      drop();
      lost();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `redis://127.0.0.1:${port}`,
    loseReplyTo: (text) =>
      new Promise((resolve) => {
        losing = { text, lost: resolve };
      }),
    shut: () => (isShut = true),
    open: () => (isShut = false),
    async close() {
      for (const socket of pairs) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
