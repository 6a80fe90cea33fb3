/** A far end dials: what a phone or somebody in the PSTN would do. */
import { isE164 } from '../../addresses/e164';
import { normaliseSipUri } from '../../addresses/sip-uri';
import { NotFoundError, ValidationError } from '../errors';
import type { Domains, Endpoint } from '../resources/domains';
import type { Numbers } from '../resources/numbers';
import type { FarEnd } from './far-ends';
import type { Receive } from './line';
import { SimulatedLine, type SimulatedLineDeps } from './simulated-line';

export interface SandboxCall {
  /** Number of somebody in the PSTN, or SIP URI of an endpoint. */
  from: string;
  /** As dialled. */
  to: string;
  /** ms; undefined: never */
  giveUpAfterMs?: number | undefined;
  /** ms; undefined: as every subscriber */
  hangUpAfterMs?: number | undefined;
}

export interface SandboxCallDeps extends SimulatedLineDeps {
  domains: Domains;
  numbers: Numbers;
  receive: Receive;
}

/** @throws NotFoundError, ValidationError where nothing could be dialled at all */
export function placeSandboxCall({ from, to, ...plan }: SandboxCall, deps: SandboxCallDeps): FarEnd {
  const { farEnds, numbers, timing, receive } = deps;
  const endpoint = isE164(from) ? undefined : endpointOf(from, deps.domains);
  if (!endpoint && !isE164(to))
    throw new ValidationError(`to: ${to}: from the PSTN only a number of the account can be dialled`);
  if (!endpoint && !numbers.find(to))
    throw new NotFoundError('number', to, 'from the PSTN only numbers of the account lead here; order it first');

  const offer = endpoint
    ? { from: endpoint.sipUri, to: dialledBy(endpoint, to, deps.domains), endpointId: endpoint.id }
    : { from, to };
  const kind = endpoint ? 'phone' : 'pstn';
  const farEnd = farEnds.open({ ...offer, kind, name: endpoint?.name, party: offer.from, direction: 'in' });
  farEnds.note(farEnd, 'dialled');
  const line = new SimulatedLine(farEnd, deps);
  const accepted = receive(offer, line);
  if (accepted) {
    farEnd.callId = accepted.callId;
    line.placed(accepted.listener, {
      giveUpAfterMs: plan.giveUpAfterMs,
      hangUpAfterMs: plan.hangUpAfterMs ?? timing.hangUpAfterMs,
    });
  }
  return farEnd;
}

function endpointOf(sipUri: string, domains: Domains): Endpoint {
  const endpoint = domains.endpointBySipUri(sipUri);
  if (!endpoint)
    throw new NotFoundError('endpoint', sipUri, 'create it, or dial from a number to call in from the PSTN');
  return endpoint;
}

/**
 * What the platform gets to see of what was keyed in. A phone makes a SIP URI of its own domain of a bare user name;
 * anything that names no endpoint there goes as it was dialled.
 */
function dialledBy(endpoint: Endpoint, to: string, domains: Domains): string {
  const uri = normaliseSipUri(to);
  if (uri !== undefined) return uri;
  return domains.endpointBySipUri(`sip:${to}@${endpoint.realm}`)?.sipUri ?? to;
}
