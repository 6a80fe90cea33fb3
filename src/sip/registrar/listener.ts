/** The address at which a phone accepts connections, for use after its own connection has closed. */
import { canonicalHost, parseUri } from '../../addresses/uri';
import type { Address } from '../transport/transport';
import type { Contact } from './contact';

/**
 * The listener that the URI of a contact names. Undefined if the phone can be reached over its own connection only: it
 * requested this (RFC 5626: `ob`, `reg-id`), its URI has another address (a NAT), or the URI names the port of the
 * connection itself. TLS is not supported, because phones have no certificate that could be verified.
 */
export function listenerOf({ uri, flow, regId, path }: Contact): Address | undefined {
  const parsed = parseUri(uri);
  if (parsed?.scheme !== 'sip' || flow.transport !== 'TCP' || regId !== undefined || path.length > 0) return undefined;
  if (parsed.params.has('ob') || parsed.params.get('transport')?.toLowerCase() !== 'tcp') return undefined;
  const { host, port: ownPort } = flow.remote;
  const port = parsed.port ?? 5060;
  // Only the phone's own address: otherwise a phone could make this server connect to other hosts.
  return canonicalHost(parsed.host) === canonicalHost(host) && port !== ownPort ? { host, port } : undefined;
}
