/** Where a call that came in goes to. */
import type { Refusal, Route } from '../calls/route';
import { isE164, toE164, type CountryCode } from '../addresses/e164';
import { normaliseSipUri, parseSipUri } from '../addresses/sip-uri';

/** Calls to the number ring the endpoint; calls from the endpoint show the number. */
export interface Line {
  /** E.164 */
  number: string;
  /** `sip:user@host` */
  endpoint: string;
}

export interface DialPlan {
  lines: readonly Line[];
  /** whose dialling habits apply to numbers without `+` */
  defaultCountry: CountryCode;
  /** how long the callee may ring, seconds */
  callTimeout: number;
  /** Whose number a called phone shows: that of its line (the default), or the original caller's. */
  callerId?: 'line' | 'caller';
}

/** There is nothing under this number or address. */
const unknown = (refused: string): Refusal => ({ refused, cause: 'unallocated' });
/** The caller may not call there. */
const forbidden = (refused: string): Refusal => ({ refused, cause: 'rejected' });
/** The only phone that could ring is the one that calls. */
const ownPhone = (refused: string): Refusal => ({ refused, cause: 'busy' });

/** Routes a call by who calls: an endpoint of `LINES` may dial out; anybody may call a number of `LINES`. */
export function route(incoming: { from: string; to: string }, plan: DialPlan): Route {
  const { lines, callTimeout } = plan;
  const caller = normaliseSipUri(incoming.from);
  const own = caller === undefined ? undefined : lines.find((line) => line.endpoint === caller);
  if (own) return routeFromPhone(own, incoming.to, plan);

  const dialled = parseSipUri(incoming.to)?.user ?? incoming.to.trim();
  const number = ownNumber(dialled, lines) ?? toE164(dialled, plan.defaultCountry);
  const called = lines.find((line) => line.number === number);
  if (called)
    return { direction: 'pstn-to-sip', ...shownTo(called, incoming.from, plan), to: called.endpoint, callTimeout };
  if (caller !== undefined) return forbidden(`${caller} is no endpoint of LINES`);
  return unknown(`${incoming.to} is no number of LINES`);
}

/** What the phone of a line shows for a call from outside. A withheld number stays withheld: the line's own is shown. */
function shownTo(line: Line, caller: string, { callerId }: DialPlan): { from: string; fallbackFrom?: string } {
  const isKnown = isE164(caller) || isE164(parseSipUri(caller)?.user ?? '');
  return callerId === 'caller' && isKnown ? { from: caller, fallbackFrom: line.number } : { from: line.number };
}

function routeFromPhone(own: Line, dialled: string, plan: DialPlan): Route {
  const { lines, callTimeout, defaultCountry } = plan;
  const target = parseSipUri(dialled);
  const ownHost = parseSipUri(own.endpoint)?.host;
  // A phone sends what was typed as the user part of its own domain: sip:+15552223333@its.domain, sip:bob@its.domain
  const typed = target && target.host === ownHost ? target.user : target ? undefined : dialled.trim();

  const endpoint = findEndpoint(normaliseSipUri(dialled) ?? `sip:${typed ?? ''}@${ownHost ?? ''}`, typed, lines);
  if (endpoint === own.endpoint) return ownPhone(`${own.endpoint} dialled itself`);
  if (endpoint !== undefined) return { direction: 'sip-to-sip', from: own.number, to: endpoint, callTimeout };
  if (typed === undefined) return unknown(`${dialled} is no endpoint of LINES`);

  const number = ownNumber(typed, lines) ?? toE164(typed, defaultCountry);
  if (number === undefined) return unknown(`${dialled} is neither an endpoint of LINES nor an E.164 number`);
  const line = lines.find((candidate) => candidate.number === number);
  if (line?.endpoint === own.endpoint) return ownPhone(`${own.endpoint} dialled its own number`);
  if (line) return { direction: 'sip-to-sip', from: own.number, to: line.endpoint, callTimeout };
  return { direction: 'sip-to-pstn', from: own.number, to: number, callTimeout };
}

/** By its whole URI, else by its bare user name on whatever domain. */
function findEndpoint(uri: string, user: string | undefined, lines: readonly Line[]): string | undefined {
  const exact = lines.find((line) => line.endpoint === uri);
  return (exact ?? lines.find((line) => parseSipUri(line.endpoint)?.user === user))?.endpoint;
}

/** One of our own numbers dialled without its `+`; the tutorial's are too short for the rules of any country. */
function ownNumber(dialled: string, lines: readonly Line[]): string | undefined {
  const number = `+${dialled}`;
  return isE164(number) ? lines.find((line) => line.number === number)?.number : undefined;
}

/** The number that calls to or from somebody show: the line's own, else that of the first line. */
export function numberFor(to: string, lines: readonly Line[]): string | undefined {
  return (lines.find((line) => line.endpoint === to) ?? lines[0])?.number;
}
