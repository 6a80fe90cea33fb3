/** Telephone numbers: E.164, dialled numbers, and telephone URIs (RFC 3966). */
import { parsePhoneNumberFromString, validatePhoneNumberLength, type CountryCode } from 'libphonenumber-js/min';

export type { CountryCode };

const E164 = /^\+[1-9]\d{6,14}$/;
const PUNCTUATION = /[\s().\-/]/g;

/**
 * Whether the text has the format of an E.164 number: `+` and 7 to 15 digits. Numbering plans are not checked: the
 * numbers in the tutorial (`+1555444333`) exist in none of them.
 */
export function isE164(text: string): boolean {
  return E164.test(text);
}

/**
 * Converts a dialled number to E.164: `(555) 222-3333`, `0011 44 20 7946 0000`, `tel:+15552223333`, or a number with
 * parameters, `3012345678;phone-context=+49`.
 * @param country country whose dialling rules apply to a number without `+`
 * @returns undefined if the number has no E.164 form (letters, emergency numbers and other short codes)
 */
export function toE164(dialled: string, country: CountryCode): string | undefined {
  const text = subscriberNumber(dialled.trim().replace(/^tel:/i, ''));
  if (text === undefined || !/^\+?\d{3,20}$/.test(text)) return undefined;
  if (text.startsWith('+')) return isE164(text) ? text : undefined;
  // Too short: an emergency number, a short code, or a number without its area code. Too long: most likely a foreign
  // number after an international prefix that this country does not use.
  if (validatePhoneNumberLength(text, country) !== undefined) return undefined;
  const number = parsePhoneNumberFromString(text, country)?.number;
  return number !== undefined && isE164(number) ? number : undefined;
}

const SUBSCRIBER = /^\+?[0-9*#A-D]+$/i;
const GLOBAL_CONTEXT = /^\+[-.()\d]+$/;

/**
 * The number of a telephone-subscriber (RFC 3966 3): `+1-555-222-3333;npdi;rn=+15550001111` is `+15552223333`. Visual
 * separators and all parameters except `phone-context` are dropped.
 * @param isOwnDomain whether local numbers of this domain can be dialled here
 * @returns E.164 for a global number or a number with a global context; the digits for any other number that can be
 * dialled here; undefined if the text is not a number, or is local to an unknown context
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

/**
 * RFC 3966 5.1.5. Some phones use a country's calling code as the context, and the national dialling format for the
 * number.
 */
function withinContext(number: string, context: string): string | undefined {
  const defaultCallingCode = context.slice(1);
  const isCallingCode = defaultCallingCode.length <= 3;
  if (isCallingCode && validatePhoneNumberLength(number, { defaultCallingCode }) === undefined) {
    const national = parsePhoneNumberFromString(number, { defaultCallingCode })?.number;
    if (national?.startsWith(context)) return national;
  }
  // A national trunk prefix (0) cannot follow the calling code.
  const joined = context + number;
  return isE164(joined) && !number.startsWith('0') ? joined : undefined;
}
