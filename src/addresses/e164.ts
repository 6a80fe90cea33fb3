/** Telephone numbers: E.164, what is dialled, and what URIs make of both (RFC 3966). */
import { parsePhoneNumberFromString, validatePhoneNumberLength, type CountryCode } from 'libphonenumber-js/min';

export type { CountryCode };

const E164 = /^\+[1-9]\d{6,14}$/;
const PUNCTUATION = /[\s().\-/]/g;

/**
 * Whether the text has the shape of an E.164 number: `+` and 7 to 15 digits. The shape is all that counts: the
 * tutorial's own numbers (`+1555444333`) are valid in no numbering plan.
 */
export function isE164(text: string): boolean {
  return E164.test(text);
}

/**
 * The E.164 form of a dialled number: `(555) 222-3333`, `0011 44 20 7946 0000`, `tel:+15552223333`, and with its parameters
 * `3012345678;phone-context=+49`.
 * @param country whose dialling habits apply to a number without `+`
 * @returns undefined where it cannot be made E.164 (letters, emergency and other short codes)
 */
export function toE164(dialled: string, country: CountryCode): string | undefined {
  const text = subscriberNumber(dialled.trim().replace(/^tel:/i, ''));
  if (text === undefined || !/^\+?\d{3,20}$/.test(text)) return undefined;
  if (text.startsWith('+')) return isE164(text) ? text : undefined;
  // Too short: an emergency number, a short code, a number without its area code. Too long: most likely another country's
  // number behind an exit code that this country does not use.
  if (validatePhoneNumberLength(text, country) !== undefined) return undefined;
  const number = parsePhoneNumberFromString(text, country)?.number;
  return number !== undefined && isE164(number) ? number : undefined;
}

const SUBSCRIBER = /^\+?[0-9*#A-D]+$/i;
const GLOBAL_CONTEXT = /^\+[-.()\d]+$/;

/**
 * The number that a telephone-subscriber (RFC 3966 3) means: `+1-555-222-3333;npdi;rn=+15550001111` is `+15552223333`. Visual
 * separators and parameters other than `phone-context` are dropped.
 * @param isOwnDomain whether numbers that are local to this domain are dialled here
 * @returns E.164 for a global number and for one within a global context, the digits for any other that may be dialled here;
 * undefined where it is no number, or one local to somewhere else: what it means there is not known
 */
export function subscriberNumber(text: string, isOwnDomain = (_domain: string): boolean => false): string | undefined {
  const [written = '', ...params] = text.split(';');
  const number = written.replace(PUNCTUATION, '');
  if (!SUBSCRIBER.test(number)) return undefined;
  const context = params.map((param) => /^\s*phone-context\s*=\s*(.*?)\s*$/i.exec(param)?.[1]).find((value) => value);
  if (number.startsWith('+') || context === undefined) return number;
  if (!GLOBAL_CONTEXT.test(context)) return isOwnDomain(context) ? number : undefined;
  return withinContext(number, context.replace(PUNCTUATION, ''));
}

/** RFC 3966 5.1.5. The context of some phones is the calling code of their country, before numbers as they are dialled there. */
function withinContext(number: string, context: string): string | undefined {
  const defaultCallingCode = context.slice(1);
  const isCallingCode = defaultCallingCode.length <= 3;
  if (isCallingCode && validatePhoneNumberLength(number, { defaultCallingCode }) === undefined) {
    const national = parsePhoneNumberFromString(number, { defaultCallingCode })?.number;
    if (national?.startsWith(context)) return national;
  }
  // With the prefix of the trunk it is no number of anybody.
  const joined = context + number;
  return isE164(joined) && !number.startsWith('0') ? joined : undefined;
}
