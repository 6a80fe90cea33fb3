/**
 * Phones that forward their calls: they answer an INVITE with 300, 301 or 302, and name the target in `Contact`
 * (RFC 3261 8.1.3.4, 21.3). A forwarding phone makes the platform dial an address that the application did not choose.
 * So a policy restricts the targets.
 */
import type { Logger } from '../../support/logger';
import { isE164 } from '../../addresses/e164';
import type { SipEndpoint } from '../../sip/accounts';
import type { Domains } from '../resources/domains';
import type { Numbers } from '../resources/numbers';
import type { DialRequest, Line, LineListener } from './line';

/** `endpoints`: to endpoints of the account; `all`: also to other numbers, and to SIP URIs if `SIP_DIAL_URIS` is on. */
export const FORWARD_POLICIES = ['off', 'endpoints', 'all'] as const;
export type ForwardPolicy = (typeof FORWARD_POLICIES)[number];

/** Maximum of successive forwards of a call. */
const MOST_FORWARDS = 5;
/** Maximum of dialled contacts of one response. */
const MOST_TARGETS = 3;

export interface ForwardDeps {
  policy: ForwardPolicy;
  numbers: Pick<Numbers, 'find'>;
  domains: Pick<Domains, 'endpointBySipUri'>;
  /** Maps a URI from a phone of the endpoint to a number or SIP URI, see `Dialled`. */
  meaningOf: (uri: string, endpoint: SipEndpoint) => string | undefined;
  log: Logger;
}

/** Returns the allowed targets of a call that a phone of the endpoint forwards, the best first. */
export function forwardTargets(
  uris: readonly string[],
  endpoint: SipEndpoint,
  request: DialRequest,
  { policy, numbers, domains, meaningOf, log }: ForwardDeps,
): string[] {
  const before = [...(request.forwardedBy ?? []), endpoint.sipUri];
  const refusalOf = (target: string | undefined): string | undefined => {
    if (policy === 'off') return 'SIP_FORWARD is off';
    if (target === undefined) return 'the target cannot be dialled';
    if (before.includes(target) || before.length > MOST_FORWARDS) return 'a loop';
    // The call would return to the application, which may ring the forwarding phone again.
    if (numbers.find(target)) return 'the target is a number of the account: use its endpoint';
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
    else log.warn({ event: 'call-forward-refused', ...fields }, 'refused the forwarding of a phone');
  }
  return targets;
}

/**
 * Dials a phone, and if it forwards the call, the targets one after the other.
 * @param open dials the phone
 * @param targetsOf returns the targets of `Contact` URIs
 * @param dial dials one target
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
      targets = []; // no forwarding after the answer
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
