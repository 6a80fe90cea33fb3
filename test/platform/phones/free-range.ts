/** Returns a free range of RTP ports for the given number of legs. */
import { randomInt } from 'node:crypto';
import { createPortPool } from '../../../src/media/ports';

export async function freeRange(ports: number): Promise<{ from: number; to: number }> {
  for (;;) {
    // Below the ephemeral ports, so that no other program takes one by chance.
    const from = 10_000 + 2 * randomInt(5_000);
    const range = { from, to: from + ports * 2 - 1 };
    const pool = createPortPool('127.0.0.1', range);
    const got = await Promise.allSettled(Array.from({ length: ports }, () => pool.open()));
    for (const each of got) if (each.status === 'fulfilled') await each.value.close();
    if (got.every((each) => each.status === 'fulfilled')) return range;
  }
}
