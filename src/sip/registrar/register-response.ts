/** Headers of the 200 to a REGISTER (RFC 3261 10.3 step 8; RFC 3327 5.3; RFC 5626 6). */
import { printNameAddr } from '../header-values';
import type { Headers } from '../message';
import type { Contact } from './contact';

/** Supported extensions for `Require` in a REGISTER: RFC 3327, RFC 5626. */
export const OPTION_TAGS: ReadonlySet<string> = new Set(['path', 'outbound']);

/**
 * Lists every contact of the endpoint.
 * @param request headers of the REGISTER
 * @param changed contacts that the REGISTER created or refreshed
 * @param time current time, ms
 */
export function registeredHeaders(
  request: Headers,
  contacts: readonly Contact[],
  changed: readonly Contact[],
  time: number,
): [string, string][] {
  const headers: [string, string][] = contacts.map((contact) => ['Contact', printContact(contact, time)]);
  const supported = new Set(request.all('supported').map((tag) => tag.toLowerCase()));
  // RFC 3327 5.3: only for phones that support `Path`.
  if (supported.has('path')) headers.push(...request.all('path').map((uri): [string, string] => ['Path', uri]));
  // RFC 5626 6. Not over UDP: the phone would expect answers to its STUN keep-alives.
  const isOutbound = ({ regId, flow }: Contact): boolean => regId !== undefined && flow.reliable;
  if (supported.has('outbound') && request.all('via').length === 1 && changed.some(isOutbound))
    headers.push(['Require', 'outbound']);
  for (const tag of OPTION_TAGS) headers.push(['Supported', tag]);
  headers.push(['Date', new Date().toUTCString()]);
  return headers;
}

function printContact({ uri, q, instance, regId, expiresAt }: Contact, time: number): string {
  const params: [string, string][] = [];
  if (q < 1) params.push(['q', String(q)]);
  params.push(['expires', String(Math.max(0, Math.ceil((expiresAt.getTime() - time) / 1000)))]);
  if (instance !== undefined) params.push(['+sip.instance', instance]);
  if (regId !== undefined) params.push(['reg-id', String(regId)]);
  return printNameAddr({ uri, params: new Map(params) });
}
