/** The accounts that may register and call. The owner of the accounts implements `SipAccounts`. */
import type { DigestSecret } from './digest/digest-secret';

/** An account that one or more phones use. */
export interface SipEndpoint {
  readonly id: string;
  readonly name: string;
  readonly realm: string;
  /** The address of record. */
  readonly sipUri: string;
  readonly enabled: boolean;
  readonly secret: DigestSecret;
  /** Temporary credentials in addition to the password. */
  readonly tokens: readonly { readonly secret: DigestSecret; readonly expiresAt: Date }[];
}

/** Why an endpoint's phones lose access. */
export type Revocation = 'endpoint gone' | 'endpoint disabled' | 'password changed';

export interface SipAccounts {
  endpoint(id: string): SipEndpoint | undefined;
  /** Finds an endpoint by any equivalent spelling of its URI. */
  endpointBySipUri(sipUri: string): SipEndpoint | undefined;
  /** The endpoints with this name, in all domains. */
  endpointsNamed(name: string): readonly SipEndpoint[];
  /** The realm of the domain with this host name, which is case-insensitive. The realm keeps its original case. */
  realmOf(host: string): string | undefined;
  /** The realms of all domains. */
  realms(): readonly string[];
}
