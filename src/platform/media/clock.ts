/** The one ticker behind everything that sends at a steady pace. */

export interface Clock {
  /**
   * Calls `tick` every 20 ms until the returned function is called. Self-correcting: after a stall the ticks that were
   * missed are made up for, so that a second has fifty. `tick` may end itself and begin others.
   */
  everyPacket(tick: () => void): () => void;
  close(): void;
}
