/** Sentences as a synthesizer takes them. */

/** Letters that do not come apart into a letter and an accent. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ł: 'l',
  ð: 'd',
  þ: 'th',
  '’': "'",
  '‘': "'",
  '“': '"',
  '”': '"',
  '–': ',',
  '—': ',',
  '…': '.',
  '€': ' euros ',
  '£': ' pounds ',
};

/** Without control characters, and without markup's effect: a sentence is spoken as it is written. */
export function cleanSentence(text: string): string {
  return text
    .toWellFormed()
    .normalize('NFC')
    .replace(/\u00ad|\u200c|\u200d|\u2060|\ufeff/g, '') // within words: soft hyphens, joiners
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
}

/** For voices of English, which know ASCII only: `ñandú` is said as `nandu`, rather than with letters left out. */
export function toAscii(sentence: string): string {
  return sentence
    .replace(/[^\0-\x7f]/gu, (letter) => {
      const plain = LETTERS[letter.toLowerCase()];
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
