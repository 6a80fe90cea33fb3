/** The v1 resources that `GET` returns. Times are ISO 8601 UTC. */
import type { BridgeState, CallState } from './commands';

export interface ApplicationResource {
  id: string;
  name: string;
  incomingCallUrl?: string | undefined;
  incomingCallFallbackUrl?: string | undefined;
  /** ms, at most 10,000 */
  incomingCallUrlCallbackTimeout: number;
  incomingMessageUrl?: string | undefined;
  callbackHttpMethod: 'GET' | 'POST';
  autoAnswer: boolean;
}

export interface PhoneNumberResource {
  id: string;
  /** E.164 */
  number: string;
  nationalNumber: string;
  name?: string | undefined;
  city?: string | undefined;
  state?: string | undefined;
  /** URI of the application */
  application?: string | undefined;
  applicationId?: string | undefined;
  fallbackNumber?: string | undefined;
  price: string;
  createdTime: string;
  numberState: 'enabled' | 'released';
}

export interface DomainResource {
  id: string;
  name: string;
  description?: string | undefined;
  /** URI of the domain's endpoints */
  endpoints: string;
}

export interface EndpointResource {
  id: string;
  name: string;
  description?: string | undefined;
  domainId: string;
  applicationId?: string | undefined;
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
  activeTime?: string | undefined;
  endTime?: string | undefined;
  callbackUrl?: string | undefined;
  fallbackUrl?: string | undefined;
  /** s */
  callTimeout?: number | undefined;
  callbackHttpMethod?: 'GET' | 'POST' | undefined;
  /** ms */
  callbackTimeout?: number | undefined;
  recordingEnabled?: boolean | undefined;
  /** s */
  chargeableDuration?: number | undefined;
  bridgeId?: string | undefined;
  bridge?: string | undefined;
  tag?: string | undefined;
  sipHeaders?: Record<string, string> | undefined;
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
  activatedTime?: string | undefined;
  completedTime?: string | undefined;
}

export interface RecordingResource {
  id: string;
  startTime: string;
  /** Missing while the recording runs. */
  endTime?: string | undefined;
  /** URI of the call */
  call: string;
  /** URI of the WAV file; missing until it is complete */
  media?: string | undefined;
  state: 'recording' | 'complete' | 'error';
}

/** The parent domain of every customer's SIP domain. */
export const SIP_DOMAIN_SUFFIX = 'bwapp.bwsip.io';
/** The documentation says "under 16 characters", but `xyz-corp-testing` of its tutorial has 16. */
export const MAX_DOMAIN_NAME_LENGTH = 16;
