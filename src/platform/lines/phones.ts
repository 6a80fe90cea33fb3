/** Simulated phones, attached to endpoints like registered SIP phones. */
import { newId } from '../../support/ids';
import type { Behaviour } from './behaviour';

export interface Phone {
  id: string;
  name: string;
  endpointId: string;
  /** The normalised SIP URI of the endpoint. */
  sipUri: string;
  behaviour: Behaviour;
}

export interface Phones {
  attach(phone: Omit<Phone, 'id'>): Phone;
  /** @returns false if the phone does not exist */
  detach(id: string): boolean;
  detachAll(endpointId: string): void;
  of(endpointId: string): Phone[];
  list(): Phone[];
}

export function createPhones(): Phones {
  const all = new Map<string, Phone>();
  const of = (endpointId: string): Phone[] => [...all.values()].filter((phone) => phone.endpointId === endpointId);
  return {
    attach(phone) {
      const attached = { ...phone, id: newId('sandboxPhone') };
      all.set(attached.id, attached);
      return attached;
    },
    detach: (id) => all.delete(id),
    detachAll(endpointId) {
      for (const { id } of of(endpointId)) all.delete(id);
    },
    of,
    list: () => [...all.values()],
  };
}
