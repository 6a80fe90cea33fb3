/** What a REGISTER makes of the contacts of an endpoint (RFC 3261 10.3 steps 6 and 7, RFC 5626 6). Pure: nothing changes here. */
import { sameUri, parseUri } from '../../addresses/uri';
import type { Contact } from './contact';
import type { AskedContact, Refusal, RegisterRequest } from './register-request';

export interface Change {
  /** All contacts, in the order in which they were first registered. */
  contacts: Contact[];
  removed: { contact: Contact; reason: 'unregistered' | 'replaced' }[];
}

/** A new contact out of what is asked for; `previous` is the one that it refreshes. */
export type MakeContact = (asked: AskedContact, previous: Contact | undefined) => Contact;

/**
 * All or nothing.
 * @param max contacts of an endpoint; beyond that those go that were not refreshed for longest
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
    const previous = contacts.find((contact) => isMeant(contact, one, request, made.has(contact)));
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
  // A phone that lost its memory leaves a contact behind at every start: better the oldest goes than the phone is refused.
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

/** RFC 3261 12.2.2 answers a late request in a dialog so; 10.3 only says that it fails. */
const OUT_OF_ORDER: Refusal = { status: 500, reason: 'CSeq Out Of Order' };

/**
 * Whether the contact is the one that is asked about: the same flow of the same instance; else the same URI; else, where
 * a REGISTER has but one contact, the same user at another address under the same Call-ID: a phone whose NAT moved it.
 * Taken out is only what is named by its URI or flow: a phone that moved takes out the old address after the new one came.
 */
function isMeant(contact: Contact, asked: AskedContact, request: RegisterRequest, sameRequest: boolean): boolean {
  if (asked.instance !== undefined && contact.instance !== undefined) {
    const sameFlow = contact.instance === asked.instance && contact.regId === asked.regId;
    // Both with `reg-id`: the URI says nothing then (RFC 5626 6).
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
