/** How much of this machine strangers may use. */
export interface TransportLimits {
  /** Connections of all kinds at once. */
  connections: number;
  /** Connections at once from one address; many phones may share one behind a NAT. */
  connectionsPerAddress: number;
  /** A connection without a message or a keep-alive is closed, unless somebody listens to it (`onClose`): a registration, a call; ms. */
  idleMs: number;
  /** The same before its first message; ms. */
  firstMessageMs: number;
  /** For a connection to be made, TLS included; ms. */
  connectMs: number;
  /** A peer that does not read is cut off at so many bytes waiting. */
  writeBuffer: number;
  /** Malformed requests answered, a second and address. */
  malformedPerSecond: number;
  /** Pings to WebSocket clients, which proxies would else take for idle; ms. Two that are not answered end it. */
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
