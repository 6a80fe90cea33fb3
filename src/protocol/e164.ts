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
 * The E.164 form of a dialled number: `(555) 222-3333`, `0011 44 20 7946 0000`, `tel:+15552223333`.
 * @param country whose dialling habits apply to a number without `+`
 * @returns undefined where it cannot be made E.164 (letters, emergency and other short codes)
 */
export function toE164(dialled: string, country: CountryCode): string | undefined {
  const text = dialled.trim().replace(/^tel:/i, '').split(';', 1)[0]?.replace(PUNCTUATION, '');
  if (text === undefined || !/^\+?\d{3,20}$/.test(text)) return undefined;
  if (text.startsWith('+')) return isE164(text) ? text : undefined;
  // Too short: an emergency number, a short code, a number without its area code. Too long: most likely another country's
  // number behind an exit code that this country does not use.
  if (validatePhoneNumberLength(text, country) !== undefined) return undefined;
  const number = parsePhoneNumberFromString(text, country)?.number;
  return number !== undefined && isE164(number) ? number : undefined;
}
