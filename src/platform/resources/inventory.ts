/** Available numbers: fictitious, but identical for the same search. */
import { createHash } from 'node:crypto';

/** US dollars a month. */
const LOCAL_PRICE = '0.35';
const TOLL_FREE_PRICE = '0.75';

interface Place {
  areaCode: string;
  /** undefined: toll-free */
  city?: string | undefined;
  state?: string | undefined;
}

/** Places of some area codes. A search by another city or state gets a fictitious area code. */
const PLACES: readonly Place[] = [
  { areaCode: '919', city: 'RALEIGH', state: 'NC' },
  { areaCode: '704', city: 'CHARLOTTE', state: 'NC' },
  { areaCode: '910', city: 'WILMINGTON', state: 'NC' },
  { areaCode: '212', city: 'NEW YORK', state: 'NY' },
  { areaCode: '415', city: 'SAN FRANCISCO', state: 'CA' },
  { areaCode: '213', city: 'LOS ANGELES', state: 'CA' },
  { areaCode: '512', city: 'AUSTIN', state: 'TX' },
  { areaCode: '214', city: 'DALLAS', state: 'TX' },
  { areaCode: '303', city: 'DENVER', state: 'CO' },
  { areaCode: '206', city: 'SEATTLE', state: 'WA' },
  { areaCode: '312', city: 'CHICAGO', state: 'IL' },
  { areaCode: '404', city: 'ATLANTA', state: 'GA' },
  { areaCode: '617', city: 'BOSTON', state: 'MA' },
  { areaCode: '305', city: 'MIAMI', state: 'FL' },
];

const TOLL_FREE: readonly Place[] = ['800', '888', '877', '866', '855', '844', '833'].map((areaCode) => ({ areaCode }));

export interface InventorySearch {
  kind: 'local' | 'tollFree';
  areaCode?: string | undefined;
  city?: string | undefined;
  state?: string | undefined;
  zip?: string | undefined;
  /** First digits after the area code. */
  localNumber?: string | undefined;
  /** A pattern for all ten digits: digits, keypad letters, `?` for one digit, `*` for any number of digits. */
  pattern?: string | undefined;
  quantity: number;
}

export interface AvailableNumber {
  number: string;
  city?: string | undefined;
  state?: string | undefined;
  rateCenter?: string;
  lata?: string;
  price: string;
}

/** Maximum of candidates that a search compares with a pattern. */
const MAX_CANDIDATES = 50_000;

/** @param isTaken whether a number is already allocated */
export function searchInventory(search: InventorySearch, isTaken: (number: string) => boolean): AvailableNumber[] {
  const places = search.kind === 'local' ? localPlaces(search) : TOLL_FREE;
  const pattern = search.pattern === undefined ? undefined : patternOf(search.pattern);
  const found: AvailableNumber[] = [];
  const seen = new Set<string>();
  for (let index = 0; index < MAX_CANDIDATES && found.length < search.quantity; index++) {
    const place = places[index % places.length];
    if (!place) break;
    const national = place.areaCode + subscriber(`${place.areaCode}:${search.zip ?? ''}`, index, search.localNumber);
    const number = `+1${national}`;
    if (seen.has(number) || isTaken(number) || pattern?.test(national) === false) continue;
    seen.add(number);
    found.push({ number, ...details(place) });
  }
  return found;
}

/** Returns city, state and price of a number. */
export function placeOf(number: string): { city?: string | undefined; state?: string | undefined; price: string } {
  const areaCode = /^\+1(\d{3})/.exec(number)?.[1];
  if (TOLL_FREE.some((place) => place.areaCode === areaCode)) return { price: TOLL_FREE_PRICE };
  const place = PLACES.find((known) => known.areaCode === areaCode);
  return { ...(place && { city: place.city, state: place.state }), price: LOCAL_PRICE };
}

function details({ city, state, areaCode }: Place): Omit<AvailableNumber, 'number'> {
  if (city === undefined) return { price: TOLL_FREE_PRICE };
  return { city, state, rateCenter: city, lata: String(200 + (hash(areaCode) % 780)), price: LOCAL_PRICE };
}

function localPlaces({ areaCode, city, state, zip }: InventorySearch): Place[] {
  const wantedCity = city?.toUpperCase();
  const wantedState = state?.toUpperCase();
  const known = PLACES.filter(
    (place) =>
      (areaCode === undefined || place.areaCode === areaCode) &&
      (wantedCity === undefined || place.city === wantedCity) &&
      (wantedState === undefined || place.state === wantedState),
  );
  if (zip === undefined && known.length > 0) return known;
  const sameState = PLACES.filter(({ state: known }) => known === wantedState);
  const near = sameState.length > 0 ? sameState : PLACES;
  const nearby = near[hash(`${zip ?? ''}${wantedCity ?? ''}${wantedState ?? ''}${areaCode ?? ''}`) % near.length];
  return [
    {
      areaCode: areaCode ?? nearby?.areaCode ?? '919',
      city: wantedCity ?? nearby?.city ?? 'RALEIGH',
      state: wantedState ?? nearby?.state ?? 'NC',
    },
  ];
}

/** Returns seven digits that begin with 2 to 9, unlike the reserved test numbers (`+1555000000x`). */
function subscriber(seed: string, index: number, prefix = ''): string {
  const digits = String(2_000_000 + ((hash(seed) + index * 7_919) % 8_000_000));
  return prefix + digits.slice(prefix.length);
}

function hash(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}

const KEYPAD: ReadonlyMap<string, string> = new Map(
  ['ABC', 'DEF', 'GHI', 'JKL', 'MNO', 'PQRS', 'TUV', 'WXYZ'].flatMap((letters, key) =>
    [...letters].map((letter) => [letter, String(key + 2)] as const),
  ),
);

function patternOf(pattern: string): RegExp {
  const source = [...pattern.toUpperCase()].map((c) => (c === '?' ? '\\d' : c === '*' ? '\\d*' : (KEYPAD.get(c) ?? c)));
  return new RegExp(`^${source.join('')}$`);
}
