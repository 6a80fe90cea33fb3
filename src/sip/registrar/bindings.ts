/** Applies a REGISTER to the contacts of an endpoint (RFC 3261 10.3 steps 6 and 7, RFC 5626 6). Pure functions. */
import { sameUri, parseUri } from '../../addresses/uri';
import type { Contact } from './contact';
import type { AskedContact, Refusal, RegisterRequest } from './register-request';

export interface Change {
  /** All contacts in the order of their first registration. */
  contacts: Contact[];
  removed: { contact: Contact; reason: 'unregistered' | 'replaced' }[];
}

/** Creates a contact from a requested one. `previous` is the contact that it refreshes. */
export type MakeContact = (asked: AskedContact, previous: Contact | undefined) => Contact;

/**
 * Computes the contacts after a REGISTER. A request is applied completely or not at all.
 * @param max maximum number of contacts. Beyond it, the contacts that were refreshed longest ago are removed.
 */
export function applyRegister(
  current: readonly Contact[],
  request: RegisterRequest,
  max: number,
  make: MakeContact,
): Change | Refusal {
  const { contacts: asked } = request;
  const isLate = (contact: Contact): boolean => contact.callId === request.callId && request.cseq <= contact.cseq;
  if (asked === 'all') {
    if (current.some(isLate)) return OUT_OF_ORDER;
    return { contacts: [], removed: current.map((contact) => ({ contact, reason: 'unregistered' })) };
  }
  if (asked.filter(({ expires }) => expires > 0).length > max) return { status: 403, reason: 'Too Many Contacts' };

  let contacts = [...current];
  const made = new Set<Contact>();
  const unregistered = new Set<string>(); // ids
  for (const one of asked) {
    const previous = contacts.find((contact) => refersTo(contact, one, request, made.has(contact)));
    if (previous && !made.has(previous) && isLate(previous)) return OUT_OF_ORDER;
    if (one.expires === 0) {
      contacts = contacts.filter((contact) => contact !== previous);
      if (previous) unregistered.add(previous.id);
      continue;
    }
    const contact = make(one, previous);
    made.add(contact);
    if (previous) contacts = contacts.map((other) => (other === previous ? contact : other));
    else contacts.push(contact);
  }
  // A phone that forgets its registration leaves a contact behind at every start. Drop the oldest, do not refuse the
  // phone.
  const old = contacts.filter((contact) => !made.has(contact)).sort((a, b) => +a.refreshedAt - +b.refreshedAt);
  const surplus = new Set(old.slice(0, Math.max(0, contacts.length - max)));
  contacts = contacts.filter((contact) => !surplus.has(contact));

  const kept = new Set(contacts.map(({ id }) => id));
  const gone = current.filter(({ id }) => !kept.has(id));
  return {
    contacts,
    removed: gone.map((contact) => ({ contact, reason: unregistered.has(contact.id) ? 'unregistered' : 'replaced' })),
  };
}

/** The response to late requests in a dialog (RFC 3261 12.2.2). RFC 3261 10.3 does not define a status. */
const OUT_OF_ORDER: Refusal = { status: 500, reason: 'CSeq Out Of Order' };

/**
 * Whether a requested contact refers to an existing one. Contacts match by the same flow of the same instance,
 * otherwise by the same URI. If a REGISTER has one contact only, the same user at another address with the same Call-ID
 * also matches: the NAT has given the phone another address. Removal requires a match by flow or URI, because such a
 * phone removes its old address after it has registered the new one.
 */
function refersTo(contact: Contact, asked: AskedContact, request: RegisterRequest, sameRequest: boolean): boolean {
  if (asked.instance !== undefined && contact.instance !== undefined) {
    const sameFlow = contact.instance === asked.instance && contact.regId === asked.regId;
    // If both have a `reg-id`, the URI is not compared (RFC 5626 6).
    if (contact.regId !== undefined && asked.regId !== undefined) return sameFlow;
    if (sameFlow && !sameRequest && asked.expires > 0) return true;
  }
  const [was, is] = [parseUri(contact.uri), parseUri(asked.uri)];
  if (!was || !is) return contact.uri === asked.uri;
  if (sameUri(was, is)) return true;
  if (sameRequest || asked.expires === 0 || request.contacts.length !== 1 || contact.callId !== request.callId)
    return false;
  return asked.instance === contact.instance && was.scheme === is.scheme && was.user === is.user;
}
