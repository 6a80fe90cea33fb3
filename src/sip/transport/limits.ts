/** Limits on resources that unauthenticated peers can use. */
export interface TransportLimits {
  /** Maximum number of connections of all kinds. */
  connections: number;
  /** Maximum number of connections per address. Many phones may share an address behind a NAT. */
  connectionsPerAddress: number;
  /**
   * A connection without messages and keep-alives is closed, unless a registration or a call uses it (`onClose`); ms.
   */
  idleMs: number;
  /** The same before the first message; ms. */
  firstMessageMs: number;
  /** Time to establish a connection, including TLS; ms. */
  connectMs: number;
  /** A connection is closed if its send buffer exceeds this; bytes. */
  writeBuffer: number;
  /** Malformed requests that are answered per second and address. */
  malformedPerSecond: number;
  /**
   * Interval of pings to WebSocket clients, so that proxies do not close idle connections; ms. Two missing pongs close
   * it.
   */
  webSocketPingMs: number;
}

export const DEFAULT_LIMITS: TransportLimits = {
  connections: 4_096,
  connectionsPerAddress: 512,
  idleMs: 600_000,
  firstMessageMs: 30_000,
  connectMs: 4_000,
  writeBuffer: 1_048_576,
  malformedPerSecond: 10,
  webSocketPingMs: 25_000,
};
