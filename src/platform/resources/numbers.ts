import { newId } from '../../support/ids';
import { AlreadyExistsError } from '../errors';

/** A number of the account. */
export interface PhoneNumber {
  readonly id: string;
  /** E.164 */
  readonly number: string;
  name?: string | undefined;
  city?: string | undefined;
  state?: string | undefined;
  applicationId?: string | undefined;
  /** Gets the call if the platform can reach neither callback nor fallback URL, E.164. */
  fallbackNumber?: string | undefined;
  /** Per month, in US dollars. */
  price: string;
  readonly createdTime: Date;
}

export type NewPhoneNumber = Omit<PhoneNumber, 'id' | 'createdTime'>;

export interface Numbers {
  /** @throws AlreadyExistsError */
  create(fields: NewPhoneNumber): PhoneNumber;
  /** By id or by number. */
  find(idOrNumber: string): PhoneNumber | undefined;
  delete(number: PhoneNumber): void;
  list(): PhoneNumber[];
  /** Removes a deleted application from its numbers. */
  forgetApplication(applicationId: string): void;
}

export function createNumbers(): Numbers {
  const byId = new Map<string, PhoneNumber>();
  const byNumber = new Map<string, PhoneNumber>();
  return {
    create(fields) {
      if (byNumber.has(fields.number))
        throw new AlreadyExistsError('number-already-allocated', `The number ${fields.number} is already allocated`);
      const number = { ...fields, id: newId('number'), createdTime: new Date() };
      byId.set(number.id, number);
      byNumber.set(number.number, number);
      return number;
    },
    find: (idOrNumber) => byId.get(idOrNumber) ?? byNumber.get(idOrNumber),
    delete(number) {
      byId.delete(number.id);
      byNumber.delete(number.number);
    },
    list: () => [...byId.values()],
    forgetApplication(applicationId) {
      for (const number of byId.values()) if (number.applicationId === applicationId) number.applicationId = undefined;
    },
  };
}

/** Formats `+19195551234` as `(919) 555-1234`, and other numbers as digits. */
export function nationalNumber(number: string): string {
  const match = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(number);
  return match ? `(${match[1] ?? ''}) ${match[2] ?? ''}-${match[3] ?? ''}` : number.replace(/^\+1?/, '');
}
