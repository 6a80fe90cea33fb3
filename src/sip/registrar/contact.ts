/** Where an endpoint can be reached. */
import type { Revocation } from '../accounts';
import type { Address, Flow } from '../transport/transport';

/**
 * A binding of an address of record (RFC 3261 10.3): one registered phone. Immutable: a refresh creates a new object.
 */
export interface Contact {
  /** Stays the same while the phone refreshes its registration. */
  readonly id: string;
  readonly endpointId: string;
  /** The registered URI, without display name and header parameters. Request-URI of requests to the phone. */
  readonly uri: string;
  /** The flow to the phone. It is the flow of its REGISTER, whatever its URI says, until that connection closes. */
  readonly flow: Flow;
  /** Source address of the REGISTER. */
  readonly received: Address;
  /** `Path` of the REGISTER (RFC 3327). It becomes the `Route` of requests to the phone. */
  readonly path: readonly string[];
  /** `+sip.instance` (RFC 5626 4.1), as `<urn:uuid:…>`. */
  readonly instance?: string | undefined;
  /** `reg-id`: number of the flow within the instance (RFC 5626 4.2). */
  readonly regId?: number | undefined;
  readonly callId: string;
  readonly cseq: number;
  /** 0 to 1. Default: 1. */
  readonly q: number;
  readonly userAgent?: string | undefined;
  /** Time of the first REGISTER. */
  readonly registeredAt: Date;
  /** Time of the last REGISTER. */
  readonly refreshedAt: Date;
  readonly expiresAt: Date;
}

export type OfflineReason = 'unregistered' | 'expired' | 'replaced' | 'connection closed' | Revocation;
