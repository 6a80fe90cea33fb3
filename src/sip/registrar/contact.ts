/** What is known of where an endpoint can be reached. */
import type { Revocation } from '../accounts';
import type { Address, Flow } from '../transport/transport';

/** A binding of an address of record (RFC 3261 10.3): one phone, as it registered. Never changed: a refresh makes a new one. */
export interface Contact {
  /** The same as long as the phone refreshes what it registered; another once it is replaced. */
  readonly id: string;
  readonly endpointId: string;
  /** As registered, without display name and parameters of the header: the Request-URI of requests to the phone. */
  readonly uri: string;
  /** How the phone is reached: where its REGISTER came from, whatever its URI says, until that connection closes. */
  readonly flow: Flow;
  /** Where its REGISTER came from. */
  readonly received: Address;
  /** `Path` of the REGISTER (RFC 3327): the `Route` of requests to the phone; mostly empty. */
  readonly path: readonly string[];
  /** `+sip.instance` (RFC 5626 4.1), as `<urn:uuid:…>`. */
  readonly instance?: string | undefined;
  /** `reg-id`: which of its flows (RFC 5626 4.2). */
  readonly regId?: number | undefined;
  readonly callId: string;
  readonly cseq: number;
  /** 0 to 1; 1 where the phone says nothing. */
  readonly q: number;
  readonly userAgent?: string | undefined;
  /** First REGISTER. */
  readonly registeredAt: Date;
  /** Last REGISTER. */
  readonly refreshedAt: Date;
  readonly expiresAt: Date;
}

export type OfflineReason = 'unregistered' | 'expired' | 'replaced' | 'connection closed' | Revocation;
