/** Sentences as a synthesizer takes them. */

/** Letters that do not come apart into a letter and an accent. */
const LETTERS: ReadonlyMap<string, string> = new Map([
  ['ß', 'ss'],
  ['æ', 'ae'],
  ['œ', 'oe'],
  ['ø', 'o'],
  ['đ', 'd'],
  ['ł', 'l'],
  ['ð', 'd'],
  ['þ', 'th'],
  ['’', "'"],
  ['‘', "'"],
  ['“', '"'],
  ['”', '"'],
  ['–', ','],
  ['—', ','],
  ['…', '.'],
  ['€', ' euros '],
  ['£', ' pounds '],
]);

/** Without control characters, and without markup's effect: a sentence is spoken as it is written. */
export function cleanSentence(text: string): string {
  return text
    .toWellFormed()
    .normalize('NFC')
    .replace(/\u00ad|\u200c|\u200d|\u2060|\ufeff/g, '') // within words: soft hyphens, joiners
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
}

/** What is spoken in one go, characters: some ten seconds of speech. */
const PART_LENGTH = 200;
/** Where a part may end, the best first: behind a sentence, a clause, a word. */
const ENDS = [/[.!?]["')]* /g, /[,;:] /g, / /g];

/**
 * Long texts in parts, so that others need not wait until all of it is made. Where it can be, a part is one or more whole
 * sentences, behind which a speaker pauses anyway.
 */
export function partsOf(sentence: string): string[] {
  const parts: string[] = [];
  let rest = sentence;
  while (rest.length > PART_LENGTH) {
    const end = endOfPart(rest.slice(0, PART_LENGTH));
    parts.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end);
  }
  return [...parts, rest];
}

/** Too short a part is not worth its end: then the next best. */
function endOfPart(text: string): number {
  for (const end of ENDS) {
    const last = [...text.matchAll(end)].at(-1);
    if (last && last.index > PART_LENGTH / 4) return last.index + last[0].length;
  }
  // Not between the halves of one character.
  return /[\ud800-\udbff]$/.test(text) ? text.length - 1 : text.length;
}

/** For voices of English, which know ASCII only: `ñandú` is said as `nandu`, rather than with letters left out. */
export function toAscii(sentence: string): string {
  return sentence
    .replace(/[^\0-\x7f]/gu, (letter) => {
      const plain = LETTERS.get(letter.toLowerCase());
      return plain ?? letter;
    })
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\0-\x7f]+/g, ' ')
    .trim();
}

/** Whether there is anything in it to be said. */
export function isSayable(ascii: string): boolean {
  return /[A-Za-z0-9$%&@#+=]/.test(ascii);
}
