/** Callers who withhold their identity (RFC 3323). */
import { canonicalHost, parseUri } from '../../protocol/uri';
import { parseNameAddr } from '../sip/header-values';
import type { Headers } from '../sip/message';

/** `From` of a call whose caller is not shown (RFC 3323 4.1.1.3). */
export const ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>';

/** Values of `Privacy` that ask for nothing here: no privacy at all, or that of sound and session (RFC 3323 4.2). */
const NO_IDENTITY = new Set(['', 'none', 'session', 'critical']);

/** Whether the request asks for it, with `Privacy` or with an anonymous `From`. */
export function isWithheld(headers: Headers): boolean {
  const wanted = headers.all('privacy').flatMap((value) => value.split(/[;,]/));
  if (wanted.some((value) => !NO_IDENTITY.has(value.trim().toLowerCase()))) return true;
  const from = parseUri(parseNameAddr(headers.get('from') ?? '')?.uri ?? '');
  return from?.user?.toLowerCase() === 'anonymous' || canonicalHost(from?.host ?? '') === 'anonymous.invalid';
}
