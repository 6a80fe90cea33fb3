/** Decides what a dialled leg runs over: the account's own number, the phones of an endpoint, or the PSTN. */
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
import { dialOwnNumber } from './loop';
import type { Telephony } from '../telephony';
import type { Phones } from './phones';
import { SimulatedLine } from './simulated-line';
import type { SimulatedSound } from './simulated-party';

export interface ExchangeDeps {
  numbers: Numbers;
  domains: Domains;
  phones: Phones;
  farEnds: FarEnds;
  timers: Timers;
  timing: SimulationTiming;
  createPlayer: CreatePlayer;
  internalErrors: InternalErrors;
  /** What simulated far ends say; undefined: the platform has no sound. */
  sound?: SimulatedSound | undefined;
  /** Undefined: no telephones. */
  telephony?: Pick<Telephony, 'calls' | 'registrar' | 'forward'> | undefined;
  log: Logger;
  /** Where legs to the account's own numbers come in again. */
  receive: Receive;
}

export function createExchange(deps: ExchangeDeps): Dial {
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
    // The sources: calls to a disabled endpoint fail.
    if (!endpoint.enabled) return deadLine('CALL_REJECTED', listener, timers);
    // A phone that registers takes the endpoint over from simulated ones.
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
    // No phone is registered (SIP would say 480): NORMAL_TEMPORARY_FAILURE is the nearest of the documented causes.
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

/** Not an endpoint that could be the account's, if only it were there. */
function isElsewhere(to: string): boolean {
  return parseSipUri(to)?.host.endsWith(`.${SIP_DOMAIN_SUFFIX}`) === false;
}

/** A leg that leads nowhere. */
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
