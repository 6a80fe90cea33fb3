/** Calls that a simulated far end makes: a phone or a PSTN subscriber. */
import { isE164 } from '../../addresses/e164';
import { normaliseSipUri } from '../../addresses/sip-uri';
import { NotFoundError, ValidationError } from '../errors';
import type { Domains, Endpoint } from '../resources/domains';
import type { Numbers } from '../resources/numbers';
import type { FarEnd } from './far-ends';
import type { Receive } from './line';
import { SimulatedLine, type SimulatedLineDeps } from './simulated-line';

export interface SandboxCall {
  /** Number of a PSTN subscriber, or SIP URI of an endpoint. */
  from: string;
  /** The dialled number or SIP URI. */
  to: string;
  /** ms; undefined: never */
  giveUpAfterMs?: number | undefined;
  /** ms; undefined: the default of subscribers */
  hangUpAfterMs?: number | undefined;
}

export interface SandboxCallDeps extends SimulatedLineDeps {
  domains: Domains;
  numbers: Numbers;
  receive: Receive;
}

/** @throws NotFoundError, ValidationError if the far end cannot dial */
export function placeSandboxCall({ from, to, ...plan }: SandboxCall, deps: SandboxCallDeps): FarEnd {
  const { farEnds, numbers, timing, receive } = deps;
  const endpoint = isE164(from) ? undefined : endpointOf(from, deps.domains);
  if (!endpoint && !isE164(to))
    throw new ValidationError(`to: only a number of the account can be dialled from the PSTN (got ${to})`);
  if (!endpoint && !numbers.find(to))
    throw new NotFoundError('number', to, 'only numbers of the account can be dialled from the PSTN; order it first');

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
 * Returns the address that the platform receives. A phone completes a user name to a SIP URI of its domain. An address
 * that is not an endpoint of the domain stays unchanged.
 */
function dialledBy(endpoint: Endpoint, to: string, domains: Domains): string {
  const uri = normaliseSipUri(to);
  if (uri !== undefined) return uri;
  return domains.endpointBySipUri(`sip:${to}@${endpoint.realm}`)?.sipUri ?? to;
}
