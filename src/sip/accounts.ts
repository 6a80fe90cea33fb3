/** What SIP needs to know of the endpoints that may register and call. Whoever keeps the accounts provides it. */
import type { DigestSecret } from './digest/digest-secret';

/** An account of one phone or of several. */
export interface SipEndpoint {
  readonly id: string;
  readonly name: string;
  readonly realm: string;
  /** Its address of record. */
  readonly sipUri: string;
  readonly enabled: boolean;
  readonly secret: DigestSecret;
  /** Temporary credentials beside the password. */
  readonly tokens: readonly { readonly secret: DigestSecret; readonly expiresAt: Date }[];
}

/** Why the phones of an endpoint lose their access. */
export type Revocation = 'endpoint gone' | 'endpoint disabled' | 'password changed';

export interface SipAccounts {
  endpoint(id: string): SipEndpoint | undefined;
  /** In whatever spelling of the URI. */
  endpointBySipUri(sipUri: string): SipEndpoint | undefined;
  /** The endpoints of all domains that have this name. */
  endpointsNamed(name: string): readonly SipEndpoint[];
  /** The realm of the domain that this host stands for, as it was named; in whatever case. */
  realmOf(host: string): string | undefined;
  /** Of all domains. */
  realms(): readonly string[];
}
