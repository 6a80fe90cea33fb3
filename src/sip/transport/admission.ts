/** Limits the number of connections, in total and per address. */
import type { TransportLimits } from './limits';

export interface Admission {
  /** @returns a function to call when the connection has closed; undefined if a limit is reached */
  admit(address: string): (() => void) | undefined;
  readonly size: number;
}

export function createAdmission(limits: Pick<TransportLimits, 'connections' | 'connectionsPerAddress'>): Admission {
  const byAddress = new Map<string, number>();
  let size = 0;
  return {
    get size() {
      return size;
    },
    admit(address) {
      const count = byAddress.get(address) ?? 0;
      if (size >= limits.connections || count >= limits.connectionsPerAddress) return undefined;
      size++;
      byAddress.set(address, count + 1);
      let gone = false;
      return () => {
        if (gone) return;
        gone = true;
        size--;
        const left = (byAddress.get(address) ?? 1) - 1;
        if (left === 0) byAddress.delete(address);
        else byAddress.set(address, left);
      };
    },
  };
}
