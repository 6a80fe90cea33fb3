/**
 * Phones that forward their calls: they answer an INVITE with 300, 301 or 302, and say in `Contact` where the call is to go
 * (RFC 3261 8.1.3.4, 21.3). A phone that forwards makes the platform dial what the application did not choose, so the policy
 * says how far that goes.
 */
import type { Logger } from '../../support/logger';
import { isE164 } from '../../addresses/e164';
import type { SipEndpoint } from '../../sip/accounts';
import type { Domains } from '../resources/domains';
import type { Numbers } from '../resources/numbers';
import type { DialRequest, Line, LineListener } from './line';

/** `endpoints`: to endpoints of the account; `all`: also to numbers outside of it, and to what `SIP_DIAL_URIS` lets be dialled. */
export const FORWARD_POLICIES = ['off', 'endpoints', 'all'] as const;
export type ForwardPolicy = (typeof FORWARD_POLICIES)[number];

/** Phones that one call is forwarded by, one after the other. */
const MOST_FORWARDS = 5;
/** Contacts of one response that are tried. */
const MOST_TARGETS = 3;

export interface ForwardDeps {
  policy: ForwardPolicy;
  numbers: Pick<Numbers, 'find'>;
  domains: Pick<Domains, 'endpointBySipUri'>;
  /** What a URI of that endpoint means: an endpoint, a number, a URI elsewhere. */
  meaningOf: (uri: string, endpoint: SipEndpoint) => string | undefined;
  log: Logger;
}

/** Where a call goes that a phone of the endpoint forwards; the best first. */
export function forwardTargets(
  uris: readonly string[],
  endpoint: SipEndpoint,
  request: DialRequest,
  { policy, numbers, domains, meaningOf, log }: ForwardDeps,
): string[] {
  const before = [...(request.forwardedBy ?? []), endpoint.sipUri];
  const refusalOf = (target: string | undefined): string | undefined => {
    if (policy === 'off') return 'SIP_FORWARD is off';
    if (target === undefined) return 'nothing that can be dialled';
    if (before.includes(target) || before.length > MOST_FORWARDS) return 'a loop';
    // It comes in again as a call to the application, which may well ring the phone that forwards.
    if (numbers.find(target)) return 'a number of the account: name its endpoint';
    return domains.endpointBySipUri(target) || policy === 'all' ? undefined : 'SIP_FORWARD allows endpoints only';
  };
  const targets: string[] = [];
  for (const uri of uris.slice(0, MOST_TARGETS)) {
    const meaning = meaningOf(uri, endpoint);
    const target = meaning !== undefined && (isE164(meaning) || meaning.startsWith('sip:')) ? meaning : undefined;
    const reason = refusalOf(target);
    if (target !== undefined && reason === undefined) targets.push(target);
    const fields = { callId: request.callId, endpoint: endpoint.sipUri, to: uri, reason };
    if (reason === undefined) log.info({ event: 'call-forwarded', ...fields }, 'a phone forwards a call');
    else log.warn({ event: 'call-forward-refused', ...fields }, 'a phone forwards a call to where it may not go');
  }
  return targets;
}

/**
 * A line that goes on to other lines, one after the other, when its phone forwards the call.
 * @param open dials the phone
 * @param targetsOf where the phone's `Contact`s lead to
 * @param dial dials one of these
 */
export function dialForwarding(
  open: (listener: LineListener) => Line,
  targetsOf: (uris: readonly string[]) => string[],
  dial: (target: string, listener: LineListener) => Line,
  listener: LineListener,
): Line {
  let targets: string[] = [];
  let over = false;
  const branch: LineListener = {
    ringing: () => listener.ringing(),
    answered() {
      targets = []; // what follows is the end of the call
      listener.answered();
    },
    ended(cause, detail, forwardedTo) {
      if (over) return;
      if (forwardedTo) targets = targetsOf(forwardedTo);
      const next = targets.shift();
      if (next !== undefined) line = dial(next, branch);
      else listener.ended(cause, detail);
    },
    playStarted: (playback) => listener.playStarted(playback),
    playDone: (playback) => listener.playDone(playback),
    playFailed: (playback, reason) => listener.playFailed(playback, reason),
    dtmf: (digit) => listener.dtmf(digit),
  };
  let line = open(branch);
  return {
    ring: () => undefined,
    answer: () => undefined,
    hangUp(cause, elsewhere) {
      over = true;
      line.hangUp(cause, elsewhere);
    },
    play: (playback) => line.play(playback),
    stopPlay: () => line.stopPlay(),
    sendDtmf: (digits) => line.sendDtmf(digits),
    connect: (other) => line.connect(other),
    get party() {
      return line.party;
    },
  };
}
