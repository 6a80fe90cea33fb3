/** The v1 resources as `GET` answers them. Times are ISO 8601 UTC. */
import type { BridgeState, CallState } from './commands';

export interface ApplicationResource {
  id: string;
  name: string;
  incomingCallUrl?: string;
  incomingCallFallbackUrl?: string;
  /** ms, at most 10,000 */
  incomingCallUrlCallbackTimeout: number;
  incomingMessageUrl?: string;
  callbackHttpMethod: 'GET' | 'POST';
  autoAnswer: boolean;
}

export interface PhoneNumberResource {
  id: string;
  /** E.164 */
  number: string;
  nationalNumber: string;
  name?: string;
  city?: string;
  state?: string;
  /** URI of the application */
  application?: string;
  applicationId?: string;
  fallbackNumber?: string;
  price: string;
  createdTime: string;
  numberState: 'enabled' | 'released';
}

export interface DomainResource {
  id: string;
  name: string;
  description?: string;
  /** URI of the domain's endpoints */
  endpoints: string;
}

export interface EndpointResource {
  id: string;
  name: string;
  description?: string;
  domainId: string;
  applicationId?: string;
  enabled: boolean;
  sipUri: string;
  /** The password is never returned. */
  credentials: { realm: string; username: string };
}

export interface CallResource {
  id: string;
  direction: 'in' | 'out';
  from: string;
  to: string;
  state: CallState;
  startTime: string;
  activeTime?: string;
  endTime?: string;
  callbackUrl?: string;
  fallbackUrl?: string;
  /** s */
  callTimeout?: number;
  /** s */
  chargeableDuration?: number;
  bridgeId?: string;
  bridge?: string;
  tag?: string;
  sipHeaders?: Record<string, string>;
  /** URI of the call's events */
  events: string;
  /** URI of the call's recordings */
  recordings: string;
}

export interface BridgeResource {
  id: string;
  state: BridgeState;
  bridgeAudio: boolean;
  /** URI of the bridge's calls */
  calls: string;
  createdTime: string;
  activatedTime?: string;
  completedTime?: string;
}

/** The domain that every customer's SIP domain is a label of. */
export const SIP_DOMAIN_SUFFIX = 'bwapp.bwsip.io';
