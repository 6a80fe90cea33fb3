/** Routes outgoing legs: to a number of the account, the phones of an endpoint, a SIP URI or the PSTN. */
import type { InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import { isE164 } from '../../addresses/e164';
import type { HangupCause } from '../../v1-wire/events';
import { SIP_DOMAIN_SUFFIX } from '../../v1-wire/resources';
import { parseSipUri } from '../../addresses/sip-uri';
import type { CreatePlayer } from '../../media/player';
import type { Domains } from '../resources/domains';
import type { Numbers } from '../resources/numbers';
import type { Timers } from '../../support/timers';
import type { Contact } from '../../sip/registrar';
import { subscriberBehaviour, type SimulationTiming } from './behaviour';
import type { FarEnds } from './far-ends';
import { dialAll } from './fork';
import { dialForwarding, forwardTargets } from './forwarding';
import type { Dial, Line, LineListener, Receive } from './line';
import { dialOwnNumber } from './loopback-line';
import type { Telephony } from '../telephony';
import type { Phones } from './phones';
import { SimulatedLine } from './simulated-line';
import type { SimulatedSound } from './simulated-party';

export interface RouterDeps {
  numbers: Numbers;
  domains: Domains;
  phones: Phones;
  farEnds: FarEnds;
  timers: Timers;
  timing: SimulationTiming;
  createPlayer: CreatePlayer;
  internalErrors: InternalErrors;
  /** Sound of simulated far ends; undefined: the platform has no sound. */
  sound?: SimulatedSound | undefined;
  /** undefined: no telephony */
  telephony?: Pick<Telephony, 'calls' | 'registrar' | 'forward'> | undefined;
  log: Logger;
  /** Receives legs to numbers of the account. */
  receive: Receive;
}

export function createRouter(deps: RouterDeps): Dial {
  const { numbers, domains, phones, farEnds, timers, timing, telephony } = deps;

  const dial: Dial = (request, listener) => {
    const { from, to, callId } = request;
    if (isE164(to)) {
      if (numbers.find(to)) return dialOwnNumber(request, listener, deps);
      const farEnd = farEnds.open({ kind: 'pstn', party: to, direction: 'out', from, to, callId });
      const line = new SimulatedLine(farEnd, deps);
      line.receive(subscriberBehaviour(to, timing), listener);
      return line;
    }
    const endpoint = domains.endpointBySipUri(to);
    if (!endpoint) {
      if (telephony && isElsewhere(to)) return telephony.calls.dialUri(request, listener);
      return deadLine('UNALLOCATED_NUMBER', listener, timers);
    }
    // By the documentation of v1 calls to a disabled endpoint fail.
    if (!endpoint.enabled) return deadLine('CALL_REJECTED', listener, timers);
    // Registered phones replace simulated ones.
    const contacts = telephony?.registrar.contactsOf(endpoint.id) ?? [];
    if (telephony && contacts.length > 0) {
      const { calls, forward: policy } = telephony;
      const forwarding = { policy, numbers, domains, meaningOf: calls.meaningOf, log: deps.log };
      const forwardedBy = [...(request.forwardedBy ?? []), endpoint.sipUri];
      const dialContact = (contact: Contact, branch: LineListener): Line =>
        dialForwarding(
          (phone) => calls.dialContact(contact, endpoint, request, phone),
          (uris) => forwardTargets(uris, endpoint, request, forwarding),
          (target, next) => dial({ ...request, to: target, forwardedBy }, next),
          branch,
        );
      return dialAll(contacts, dialContact, listener, timers);
    }
    // Without a registered phone (480 in SIP) the nearest documented cause is NORMAL_TEMPORARY_FAILURE.
    return dialAll(
      phones.of(endpoint.id),
      (phone, branch) => {
        const party = phone.sipUri;
        const farEnd = farEnds.open({ kind: 'phone', name: phone.name, party, direction: 'out', from, to, callId });
        const line = new SimulatedLine(farEnd, deps);
        line.receive(phone.behaviour, branch);
        return line;
      },
      listener,
      timers,
    );
  };
  return dial;
}

/** Whether the URI cannot be an endpoint of the platform. */
function isElsewhere(to: string): boolean {
  return parseSipUri(to)?.host.endsWith(`.${SIP_DOMAIN_SUFFIX}`) === false;
}

/** Returns a line that ends at once with the cause. */
function deadLine(cause: HangupCause, listener: LineListener, timers: Timers): Line {
  const cancel = timers.after(0, () => listener.ended(cause));
  return {
    ring: () => undefined,
    answer: () => undefined,
    hangUp: cancel,
    play: () => undefined,
    stopPlay: () => undefined,
    sendDtmf: () => undefined,
    connect: () => undefined,
    party: undefined,
  };
}
