/** Where a phone can be connected to whose connection is gone. */
import { canonicalHost, parseUri } from '../../addresses/uri';
import type { Address } from '../transport/transport';
import type { Contact } from './contact';

/**
 * The listener that the URI of a contact names; undefined where the phone is reached over its connection only: it asked for
 * that (RFC 5626: `ob`, `reg-id`), has another address than it says (a NAT), or names the port of the connection itself. Not
 * TLS: phones have no certificate that could be checked.
 */
export function listenerOf({ uri, flow, regId, path }: Contact): Address | undefined {
  const parsed = parseUri(uri);
  if (parsed?.scheme !== 'sip' || flow.transport !== 'TCP' || regId !== undefined || path.length > 0) return undefined;
  if (parsed.params.has('ob') || parsed.params.get('transport')?.toLowerCase() !== 'tcp') return undefined;
  const { host, port: ownPort } = flow.remote;
  const port = parsed.port ?? 5060;
  // Only its own address: a phone must not make this server connect to others.
  return canonicalHost(parsed.host) === canonicalHost(host) && port !== ownPort ? { host, port } : undefined;
}
